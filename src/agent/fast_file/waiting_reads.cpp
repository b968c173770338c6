#include "agent/fast_file/waiting_reads.hpp"

#include "os/files.hpp"
#include "os/fuse.hpp"
#include "s3/retry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <unistd.h>
#include <utility>

namespace trainyard::agent {
namespace {

constexpr std::size_t troubles_max = 20;
constexpr Millis look_again{500};

// 0, or an errno. The file has no end within the range.
int read_range(int file, Range range, std::vector<char>& out) {
  out.resize(range.end - range.begin);
  for (std::size_t done = 0; done < out.size();) {
    const ssize_t n =
        ::pread(file, out.data() + done, out.size() - done, off_t(range.begin + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return EIO;
    done += std::size_t(n);
  }
  return 0;
}

// Whatever ends a process, the kernel makes of it a SIGKILL for each of its threads.
bool is_being_killed(const os::Fd& processes, pid_t tid) {
  const auto path = fmt::format("/proc/self/fd/{}/{}/status", processes.get(), tid);
  const auto read = os::read_file(path, 1u << 16);
  if (!read) return read.error().kind == ErrorKind::not_found;  // it is gone
  const std::string& status = *read;
  for (const std::string_view pending : {"\nSigPnd:\t", "\nShdPnd:\t"}) {
    const auto at = status.find(pending);
    if (at == status.npos) continue;
    const auto signals = std::strtoull(status.c_str() + at + pending.size(), nullptr, 16);
    if (signals & (1ull << (SIGKILL - 1))) return true;
  }
  return status.empty();
}

}  // namespace

void WaitingReads::begin(std::uint64_t unique, pid_t tid, std::string what) {
  {
    const std::lock_guard lock(mutex_);
    forget_ended();
    if (!is_over_) {
      waiting_.emplace(unique, Read{tid, std::move(what), false});
      begun_.emplace_back(clock_.boottime(), unique);
      return;
    }
  }
  os::answer_fuse(device_.get(), unique, EIO);
}

// With the lock. One that waits at the front must not have all that ended behind it be kept.
void WaitingReads::forget_ended() {
  const auto has_ended = [this](const auto& one) { return !waiting_.contains(one.second); };
  while (!begun_.empty() && has_ended(begun_.front()))
    begun_.pop_front();
  if (begun_.size() > 2 * waiting_.size() + 1024) std::erase_if(begun_, has_ended);
}

bool WaitingReads::end(std::uint64_t unique) {
  const std::lock_guard lock(mutex_);
  return waiting_.erase(unique) > 0;
}

void WaitingReads::answer(std::uint64_t unique, Range range, const Result<int>& file) {
  if (!end(unique)) return;
  thread_local std::vector<char> bytes;
  const int error = file ? read_range(*file, range, bytes) : EIO;
  if (!file) note(file.error());
  if (error != 0) return os::answer_fuse(device_.get(), unique, error);
  os::answer_fuse(device_.get(), unique, 0, bytes);
}

bool WaitingReads::interrupt(std::uint64_t unique) {
  pid_t tid = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto it = waiting_.find(unique);
    if (it == waiting_.end()) return false;
    it->second.is_interrupted = true;
    tid = it->second.tid;
  }
  if (is_being_killed(processes_, tid) && end(unique))
    os::answer_fuse(device_.get(), unique, EINTR);
  return true;
}

// Whether some are left that got a signal.
bool WaitingReads::end_killed() {
  std::vector<std::pair<std::uint64_t, pid_t>> interrupted;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [unique, read] : waiting_)
      if (read.is_interrupted) interrupted.emplace_back(unique, read.tid);
  }
  const auto is_killed = [this](const auto& one) {
    if (!is_being_killed(processes_, one.second)) return false;
    if (end(one.first)) os::answer_fuse(device_.get(), one.first, EINTR);
    return true;
  };
  std::erase_if(interrupted, is_killed);
  return !interrupted.empty();
}

Millis WaitingReads::expire() {
  const Millis most = end_killed() ? look_again : patience_;
  for (;;) {
    std::uint64_t unique = 0;
    std::string what;
    {
      const std::lock_guard lock(mutex_);
      forget_ended();
      if (begun_.empty()) return most;
      const Millis left = begun_.front().first + patience_ - clock_.boottime();
      if (left > Millis(0)) return std::min(left, most);
      unique = begun_.front().second;
      what = std::move(waiting_.at(unique).what);
      waiting_.erase(unique);
    }
    note({ErrorKind::unavailable, "TimedOut",
          fmt::format("read {}: nothing came for {} s", what, patience_.count() / 1000)});
    os::answer_fuse(device_.get(), unique, EIO);
  }
}

void WaitingReads::stop() {
  std::unordered_map<std::uint64_t, Read> left;
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    left = std::exchange(waiting_, {});
  }
  for (const auto& [unique, read] : left)
    os::answer_fuse(device_.get(), unique, EIO);
}

void WaitingReads::note(const Error& error) {
  if (error.code == s3::stopped_code) return;
  const std::lock_guard lock(mutex_);
  if (troubles_.size() < troubles_max &&
      std::find(troubles_.begin(), troubles_.end(), error.message) == troubles_.end())
    troubles_.push_back(error.message);
}

std::vector<std::string> WaitingReads::troubles() const {
  const std::lock_guard lock(mutex_);
  return troubles_;
}

}  // namespace trainyard::agent
