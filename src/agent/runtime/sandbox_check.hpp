#pragma once
/// What a sandbox may be asked for. Pure.

#include "agent/runtime/sandbox_plan.hpp"

namespace trainyard::agent {

/// An error of kind `invalid` that says which part of the spec is wrong and what to do.
Result<> check_spec(const SandboxSpec& spec, const HostFacts& facts);

/// A mount's target: not one of the places that are the sandbox's own.
Result<> check_target(const os::Path& target);

/// A plain file name of letters, digits, '.', '_' and '-': it becomes part of paths.
Result<> check_id(const std::string& id);

/// "DOING: WHY", kind `invalid`.
Failure refuse(const std::string& doing, const std::string& why);

}  // namespace trainyard::agent
