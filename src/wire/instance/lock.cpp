#include "wire/instance/lock.hpp"

#include <charconv>

namespace trainyard::wire {

std::string encode_lock(const LockText& lock) {
  return std::to_string(lock.pid) + " " + lock.boot_id + "\n";
}

Result<LockText> decode_lock(std::string_view text) {
  LockText out;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out.pid);
  const auto rest = text.substr(std::size_t(end - text.data()));
  if (ec != std::errc() || !rest.starts_with(' ') || !rest.ends_with('\n'))
    return fail_internal("read an instance's lock: it is not \"PID BOOT_ID\"");
  out.boot_id = rest.substr(1, rest.size() - 2);
  return out;
}

}  // namespace trainyard::wire
