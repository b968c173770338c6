#include "os/event.hpp"
#include "os/timer.hpp"

#include <doctest/doctest.h>

#include <poll.h>

namespace trainyard::os {
namespace {

TEST_CASE("a timer is readable once its time has come, until it is set again") {
  const Timer timer = Timer::make().value();
  CHECK_FALSE(is_readable(timer.fd()));
  timer.set(Millis(600'000));
  CHECK_FALSE(is_readable(timer.fd()));
  timer.set(Millis(0));
  pollfd one{timer.fd(), POLLIN, 0};
  CHECK(::poll(&one, 1, 10'000) == 1);
  CHECK(is_readable(timer.fd()));
  timer.set(Millis(600'000));
  CHECK_FALSE(is_readable(timer.fd()));
}

}  // namespace
}  // namespace trainyard::os
