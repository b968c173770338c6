#pragma once
/// What pid 1 said went wrong, in words. Pure.

#include "agent/runtime/sandbox_messages.hpp"
#include "agent/runtime/sandbox_plan.hpp"

#include <string>

namespace trainyard::agent {

/// "DOING: WHY[; CURE]" of a word of kind `failed` or `no_run`.
std::string explain(const Word& word, const SandboxPlan& plan, const SandboxSpec& spec);

}  // namespace trainyard::agent
