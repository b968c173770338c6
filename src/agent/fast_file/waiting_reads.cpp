#include "agent/fast_file/waiting_reads.hpp"

#include "os/fuse.hpp"
#include "s3/retry.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace trainyard::agent {
namespace {

constexpr std::size_t troubles_max = 20;

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

}  // namespace

void WaitingReads::begin(std::uint64_t unique) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_over_) {
      waiting_.insert(unique);
      return;
    }
  }
  os::answer_fuse(device_.get(), unique, EIO);
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
  if (!end(unique)) return false;
  os::answer_fuse(device_.get(), unique, EINTR);
  return true;
}

void WaitingReads::stop() {
  std::unordered_set<std::uint64_t> left;
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    left = std::exchange(waiting_, {});
  }
  for (const auto unique : left)
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
