#pragma once
/// A filter of system calls, built once as data and installed by a cloned child.

#include "base/result.hpp"

#include <cstdint>
#include <linux/filter.h>
#include <vector>

namespace trainyard::os {

/// One refusal: the system call fails with `error` if its argument number `argument` (0..5)
/// compares as told. `argument` -1: always. A system call that this machine lacks is no error.
struct SyscallRule {
  enum class Compare {
    any_bit,  ///< (value & number) != 0
    equal,    ///< the low 32 bits, all that the kernel looks at in an int, are `number`
    above,    ///< value > number
    between,  ///< number <= value <= last
  };
  const char* name;  ///< as in the manual: "mount"
  int error;         ///< EPERM, ENOSYS ...
  int argument = -1;
  Compare compare = Compare::any_bit;
  std::uint64_t number = 0, last = 0;
};

using SyscallFilter = std::vector<sock_filter>;

/// Compiles the rules; what none names is allowed. Calls of another architecture's table (32-bit)
/// fail with ENOSYS.
Result<SyscallFilter> compile_filter(const std::vector<SyscallRule>& rules);

/// Installs it for the calling process and what it runs. Needs forbid_new_privileges() before. -1
/// and errno; no allocation.
int install_filter(const SyscallFilter& filter) noexcept;

}  // namespace trainyard::os
