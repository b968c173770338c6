#include "net/fd_watch.hpp"

#include <boost/asio.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <atomic>
#include <fcntl.h>
#include <unistd.h>

namespace trainyard::net {

namespace asio = boost::asio;

Result<std::shared_ptr<void>> watch_fd(asio::io_context& io, int fd, std::function<void()> task) {
  struct Watch {
    asio::posix::stream_descriptor descriptor;
    std::function<void()> task;
    Watch(asio::io_context& io, std::function<void()> t)
        : descriptor(asio::make_strand(io)), task(std::move(t)) {}
    static void wait(const std::shared_ptr<Watch>& w,
                     const std::shared_ptr<std::atomic<bool>>& on) {
      w->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                               [w, on](const boost::system::error_code& ec) {
                                 if (ec || !*on) return;
                                 w->task();
                                 if (*on) wait(w, on);
                               });
    }
  };
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return fail_errno("watch a descriptor");
  auto watch = std::make_shared<Watch>(io, std::move(task));
  boost::system::error_code ec;
  watch->descriptor.assign(copy, ec);
  if (ec) {
    ::close(copy);
    return fail_internal("watch a descriptor: " + ec.message());
  }
  auto on = std::make_shared<std::atomic<bool>>(true);
  asio::post(watch->descriptor.get_executor(), [watch, on] { Watch::wait(watch, on); });
  return std::shared_ptr<void>(nullptr, [watch, on](std::nullptr_t) {
    *on = false;
    asio::post(watch->descriptor.get_executor(), [watch] {
      boost::system::error_code ignored;
      watch->descriptor.close(ignored);
    });
  });
}

}  // namespace trainyard::net
