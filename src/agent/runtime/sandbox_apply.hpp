#pragma once
/// Carries out a plan in the cloned child: an interpreter of eight verbs. No allocation (see
/// os::clone_process()).

#include "agent/runtime/sandbox_messages.hpp"
#include "agent/runtime/sandbox_plan.hpp"

#include <span>

namespace trainyard::agent {

/// Copies the plan's trees; `trees` has as many places, -1 each. 0, or -1 with `failure` filled in.
int copy_trees(const SandboxPlan& plan, std::span<int> trees, Word& failure) noexcept;

/// Builds the new root of the calling process's mount namespace and makes it the root. Copies the
/// trees that are not there yet. `devices` has a place for each of the plan's; nothing may be asked
/// of these file systems until somebody serves them. 0, or -1 with `failure` filled in.
int build_root(const SandboxPlan& plan, std::span<int> trees, std::span<int> devices,
               Word& failure) noexcept;

}  // namespace trainyard::agent
