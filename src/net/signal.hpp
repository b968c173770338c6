#pragma once
/// A coroutine's way to wait for another's word.

#include <boost/asio.hpp>

namespace trainyard::net {

/// An event that a coroutine on the same strand waits for: a timer that never expires, cancelled to
/// wake. A wake that nobody waits for is lost: look at what was changed, then wait.
class Signal {
public:
  explicit Signal(const boost::asio::any_io_executor& executor) : timer_(executor) {
    timer_.expires_at(boost::asio::steady_timer::time_point::max());
  }
  boost::asio::awaitable<void> wait() {
    (void)co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  void wake() { timer_.cancel(); }

private:
  boost::asio::steady_timer timer_;
};

}  // namespace trainyard::net
