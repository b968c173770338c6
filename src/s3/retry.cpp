#include "s3/retry.hpp"

#include "os/event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <poll.h>

namespace trainyard::s3 {

Pause pause_unless(int stop_fd) {
  return [stop_fd](Millis length) {
    const Millis until = system_clock().boottime() + length;
    for (;;) {
      const Millis left = std::max(Millis(0), until - system_clock().boottime());
      pollfd watched{stop_fd, POLLIN, 0};  // poll ignores a negative descriptor
      const int ready = poll(&watched, 1, static_cast<int>(left.count()));
      if (ready == 0) return true;
      if (ready > 0 || errno != EINTR) return false;
    }
  };
}

bool may_succeed_later(const Error& error) {
  return error.kind == ErrorKind::unavailable;
}

Retry retry_until(int stop_fd, RetryPolicy policy) {
  Retry out{.policy = policy, .pause = pause_unless(stop_fd), .stop_fd = stop_fd};
  if (stop_fd >= 0) out.told_to_stop = [stop_fd] { return os::is_readable(stop_fd); };
  return out;
}

Failure Retry::given_up(Error last, unsigned tries, Millis after) const {
  last.message += fmt::format(" (given up after {} tries in {} s; is {} running?)", tries,
                              after.count() / 1000, peer);
  return Failure(std::move(last));
}

Failure Retry::stopped(const std::string& last) {
  return fail(ErrorKind::unavailable, stopped_code,
              last.empty() ? "told to stop" : "told to stop while waiting to try again: " + last);
}

}  // namespace trainyard::s3
