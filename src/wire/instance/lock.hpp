#pragma once
/// The lock file of an instance's directory: locked for the agent's life, it is the proof of life.
/// Its text is "PID BOOT_ID\n", so that a lock of an earlier boot is never mistaken for a living
/// agent's.

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>

namespace trainyard::wire {

inline constexpr const char* lock_name = "lock";

struct LockText {
  pid_t pid = -1;
  std::string boot_id;
};
std::string encode_lock(const LockText& lock);
Result<LockText> decode_lock(std::string_view text);

}  // namespace trainyard::wire
