#pragma once
/// Asking the agent for packages: what one requirements.txt asks for is installed once and shared
/// by later jobs, which the container alone could not do.

#include "base/result.hpp"
#include "toolkit/variables.hpp"
#include "wire/packages/packages.hpp"

#include <string>

namespace trainyard::toolkit {

/// True inside a container whose agent can be asked.
bool has_agent();

/// Waits for the agent's answer; pip's lines appear on standard output meanwhile. Where the file is
/// too large to be told, or no answer comes, the answer is `own`.
wire::PackagesAnswer ask_agent(const std::string& requirements, const Variables& variables);

}  // namespace trainyard::toolkit
