#include "service/logs/follower.hpp"

#include <array>
#include <sys/inotify.h>
#include <unistd.h>

namespace trainyard::logs {
namespace {

constexpr std::size_t waiting_max = 10'000;

}  // namespace

Result<std::unique_ptr<Follower>> Follower::open(net::Server& server) {
  os::Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return fail_errno("watch logs (fs.inotify.max_user_instances may be too low)");
  std::unique_ptr<Follower> out(new Follower(std::move(inotify), server));
  out->readable_ = server.watch(out->inotify_.get(), [f = out.get()] { f->on_readable(); });
  return out;
}

void Follower::once(const os::Path& directory, Millis limit, std::function<void()> wake) {
  const auto shared = std::make_shared<std::function<void()>>(std::move(wake));
  {
    const std::lock_guard lock(mutex_);
    const int watch = count_ < waiting_max
                          ? ::inotify_add_watch(inotify_.get(), directory.c_str(),
                                                IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE)
                          : -1;
    if (watch >= 0) {
      waiting_[watch].push_back(shared);
      ++count_;
    }
  }
  server_.run_after(limit, [this, shared] { call(shared); });
}

// Called by event or by time, whichever is first; the other finds it emptied.
void Follower::call(const Wake& wake) {
  std::function<void()> task;
  {
    const std::lock_guard lock(mutex_);
    task = std::exchange(*wake, nullptr);
  }
  if (task) task();
}

std::vector<Follower::Wake> Follower::take(int watch) {
  const std::lock_guard lock(mutex_);
  const auto it = waiting_.find(watch);
  if (it == waiting_.end()) return {};
  auto out = std::move(it->second);
  count_ -= out.size();
  waiting_.erase(it);
  ::inotify_rm_watch(inotify_.get(), watch);
  return out;
}

void Follower::on_readable() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (n <= 0) return;
    for (ssize_t at = 0; at < n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += ssize_t(sizeof(inotify_event) + event->len);
      for (const auto& wake : take(event->wd))
        call(wake);
    }
  }
}

}  // namespace trainyard::logs
