#include "service/logs/follower.hpp"

#include <array>
#include <sys/inotify.h>
#include <unistd.h>

namespace trainyard::logs {
namespace {

constexpr std::size_t waiting_max = 10'000;

template <class Key>
void erase_pair(std::multimap<Key, std::uint64_t>& index, const Key& key, std::uint64_t id) {
  const auto [first, last] = index.equal_range(key);
  for (auto it = first; it != last; ++it)
    if (it->second == id) {
      index.erase(it);
      return;
    }
}

}  // namespace

Result<std::unique_ptr<Follower>> Follower::open(net::Server& server) {
  os::Fd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return fail_errno("watch logs (fs.inotify.max_user_instances may be too low)");
  std::unique_ptr<Follower> out(new Follower(std::move(inotify), server));
  out->readable_ = TRY(server.watch(out->inotify_.get(), [f = out.get()] { f->on_readable(); }));
  return out;
}

void Follower::once(const Subject& subject, Millis limit, std::function<void()> wake) {
  Id id = 0;
  {
    // Held from before the watch until the waiter is in place: a directory that comes too late to
    // be watched is told of by job_changed(), which then finds the waiter.
    const std::lock_guard lock(mutex_);
    id = ++last_;
    const bool is_told = waiting_.size() < waiting_max;
    const int watch = is_told && !subject.directory.empty()
                          ? ::inotify_add_watch(inotify_.get(), subject.directory.c_str(),
                                                IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE)
                          : -1;
    waiting_[id] = {subject.job, watch, std::move(wake)};
    if (watch >= 0) by_watch_.emplace(watch, id);
    if (is_told) by_job_.emplace(subject.job, id);
  }
  server_.run_after(limit, [this, id] { call(id); });
}

void Follower::job_changed(const std::string& job) {
  call_all(by_job_, job);
}

void Follower::events_came(const std::vector<std::string>& jobs) {
  for (const auto& job : jobs)
    job_changed(job);
  job_changed(any_job);
}

// Called by what comes first; all that comes later finds nobody.
void Follower::call(Id id) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    const auto it = waiting_.find(id);
    if (it == waiting_.end()) return;
    const auto& [job, watch, task] = it->second;
    erase_pair(by_job_, job, id);
    erase_pair(by_watch_, watch, id);
    if (watch >= 0 && !by_watch_.contains(watch)) ::inotify_rm_watch(inotify_.get(), watch);
    wake = std::move(it->second.wake);
    waiting_.erase(it);
  }
  wake();
}

template <class Key> void Follower::call_all(const std::multimap<Key, Id>& index, const Key& key) {
  std::vector<Id> found;
  {
    const std::lock_guard lock(mutex_);
    const auto [first, last] = index.equal_range(key);
    for (auto it = first; it != last; ++it)
      found.push_back(it->second);
  }
  for (const Id id : found)
    call(id);
}

void Follower::on_readable() {
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (n <= 0) return;
    for (ssize_t at = 0; at < n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += ssize_t(sizeof(inotify_event) + event->len);
      call_all(by_watch_, event->wd);
    }
  }
}

}  // namespace trainyard::logs
