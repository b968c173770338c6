#include "os/timer.hpp"

#include <algorithm>
#include <sys/timerfd.h>

namespace trainyard::os {

Result<Timer> Timer::make() {
  Timer out;
  out.fd_.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!out.fd_) return fail_errno("make a timer");
  return out;
}

void Timer::set(Millis after) const {
  itimerspec spec{};
  spec.it_value.tv_sec = after.count() / 1000;
  // Nothing at all would end it instead.
  spec.it_value.tv_nsec = std::max<long>(1, long(after.count() % 1000) * 1'000'000);
  CHECK(::timerfd_settime(fd_.get(), 0, &spec, nullptr) == 0);
}

}  // namespace trainyard::os
