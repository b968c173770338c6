#pragma once
/// Which system calls a job may not make, and why: see the table in the source.

#include "os/seccomp.hpp"

#include <vector>

namespace trainyard::agent {

const std::vector<os::SyscallRule>& sandbox_rules();

}  // namespace trainyard::agent
