#pragma once
/// The calling process's own powers, given up for good. No allocation: for a cloned child; -1 and
/// errno.

#include <cstdint>

namespace trainyard::os {

/// Keeps the capabilities in `keep` (bit n = capability n of <linux/capability.h>) as bounding,
/// permitted and effective set; inheritable and ambient are emptied. A program run later as user 0
/// gets at most these.
int keep_capabilities(std::uint64_t keep) noexcept;

/// No program run from here on gains anything: no set-user-id, no file capabilities.
int forbid_new_privileges() noexcept;

}  // namespace trainyard::os
