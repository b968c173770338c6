#include "agent/watch/log_keeper.hpp"

#include "wire/instance/log_index.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr std::size_t batch_bytes_max = 1u << 20;
constexpr int pipe_bytes = 1 << 20;

Result<std::uint64_t> size_of(const os::Fd& fd, const os::Path& path) {
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) return fail_errno("measure " + path.string());
  return std::uint64_t(st.st_size);
}

// The last record's time, so that times never fall over a restart.
std::int64_t last_time(const os::Fd& index, std::uint64_t records) {
  char bytes[wire::index_record_bytes];
  const auto at = off_t((records - 1) * wire::index_record_bytes);
  if (records == 0 || ::pread(index.get(), bytes, sizeof bytes, at) != ssize_t(sizeof bytes))
    return 0;
  return wire::decode_records({bytes, sizeof bytes}).front().ms;
}

}  // namespace

Result<std::unique_ptr<LogKeeper>> LogKeeper::open(const os::Path& directory,
                                                   std::uint64_t bytes_max, const Clock& clock) {
  TRY(os::make_directories(directory));
  const os::Path log_path = directory / wire::log_file, index_path = directory / wire::index_file;
  // Not O_APPEND: splice() refuses such files.
  os::Fd log = TRY(os::open_file(log_path, O_RDWR | O_CREAT));
  os::Fd index = TRY(os::open_file(index_path, O_RDWR | O_CREAT));
  const std::uint64_t end = TRY(size_of(log, log_path));
  const std::uint64_t records = TRY(size_of(index, index_path)) / wire::index_record_bytes;
  return std::unique_ptr<LogKeeper>(
      new LogKeeper(directory, bytes_max, std::move(log), std::move(index), end, records, clock));
}

LogKeeper::LogKeeper(os::Path directory, std::uint64_t bytes_max, os::Fd log, os::Fd index,
                     std::uint64_t end, std::uint64_t records, const Clock& clock)
    : directory_(std::move(directory)), bytes_max_(bytes_max), log_(std::move(log)),
      index_(std::move(index)), end_(end), records_(records), last_ms_(last_time(index_, records)),
      clock_(clock) {}

LogKeeper::~LogKeeper() {
  end_thread();
}

void LogKeeper::end_thread() {
  if (!thread_.joinable()) return;
  over_.raise();
  thread_.join();
}

Result<> LogKeeper::note(std::string_view text) {
  CHECK(!thread_.joinable());
  char last = '\n';
  if (end_ > 0 && ::pread(log_.get(), &last, 1, off_t(end_ - 1)) != 1)
    return fail_errno("read the log");
  const std::string line =
      (last == '\n' ? "[trainyard] " : "\n[trainyard] ") + std::string(text) + "\n";
  if (::lseek(log_.get(), off_t(end_), SEEK_SET) < 0) return fail_errno("seek in the log");
  TRY(os::write_all(log_.get(), line, "the log"));
  return record_batch(line.size());
}

Result<> LogKeeper::follow(os::Fd pipe) {
  over_ = TRY(os::Event::make());
  pipe_ = std::move(pipe);
  ::fcntl(pipe_.get(), F_SETPIPE_SZ, pipe_bytes);  // a wish: a smaller pipe only costs more turns
  thread_ = std::thread([this] { pump(); });
  return {};
}

void LogKeeper::pump() {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{pipe_.get(), POLLIN, 0}, pollfd{over_.fd(), POLLIN, 0}};
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[1].revents != 0) return take_rest();
    if (take_some(batch_bytes_max) == 0) return;
  }
}

// What was in the pipe when all that the job started was dead: whoever writes now was handed the
// pipe by the job, and would hold us for as long as it likes.
void LogKeeper::take_rest() {
  int bytes = 0;
  if (::ioctl(pipe_.get(), FIONREAD, &bytes) != 0) return;
  for (auto left = ssize_t(bytes); left > 0;) {
    const ssize_t n = take_some(std::size_t(left));
    if (n <= 0) return;
    left -= n;
  }
}

// Keeps, or drops past the limit, at most so many bytes. 0 at the end of the pipe, -1 while it is
// empty.
ssize_t LogKeeper::take_some(std::size_t most) {
  if (end_ >= bytes_max_) return drop_some(most);
  loff_t at = loff_t(end_);
  const auto size = std::size_t(std::min<std::uint64_t>(most, bytes_max_ - end_));
  ssize_t n = 0;
  do
    n = ::splice(pipe_.get(), nullptr, log_.get(), &at, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) return -1;
  if (n < 0) {
    // The script must not hang on a full pipe because the log cannot be kept: read on and drop.
    if (outcome_) outcome_ = fail_errno("keep the job's log");
    return drop_some(most);
  }
  if (n == 0) return 0;
  if (const auto r = record_batch(std::uint64_t(n)); !r && outcome_) outcome_ = r;
  return n;
}

ssize_t LogKeeper::drop_some(std::size_t most) {
  char dropped[1 << 16];
  pollfd fd{pipe_.get(), POLLIN, 0};
  if (::poll(&fd, 1, 0) <= 0) return -1;
  const ssize_t n = ::read(pipe_.get(), dropped, std::min(most, sizeof dropped));
  if (n > 0) dropped_ += std::uint64_t(n);
  return n;
}

Result<> LogKeeper::record_batch(std::uint64_t bytes) {
  end_ += bytes;
  const std::int64_t ms = std::max(last_ms_, to_ms(clock_.now()));
  // Batches of one millisecond share a record: it is moved on in place.
  const bool same = records_ > 0 && ms == last_ms_;
  if (!same) ++records_;
  last_ms_ = ms;
  const std::string record = wire::encode_record({end_, ms});
  const auto at = off_t((records_ - 1) * wire::index_record_bytes);
  if (::pwrite(index_.get(), record.data(), record.size(), at) != ssize_t(record.size()))
    return fail_errno("write the log's index");
  return {};
}

Result<> LogKeeper::finish() {
  end_thread();
  pipe_.reset();
  if (outcome_ && dropped_ > 0)
    return note("the log was cut at its limit of " + std::to_string(bytes_max_) + " bytes; " +
                std::to_string(dropped_) + " bytes were dropped (setting log_limit)");
  return outcome_;
}

std::string LogKeeper::last_bytes() const {
  constexpr std::uint64_t bytes_max = 8u << 10;
  std::string out(std::size_t(std::min(end_, bytes_max)), '\0');
  const ssize_t n = ::pread(log_.get(), out.data(), out.size(), off_t(end_ - out.size()));
  out.resize(n > 0 ? std::size_t(n) : 0);
  return out;
}

Result<> LogKeeper::sync() {
  CHECK(!thread_.joinable());
  TRY(os::sync_fd(log_.get(), wire::log_file));
  TRY(os::sync_fd(index_.get(), wire::index_file));
  TRY(os::sync_directory(directory_));
  return os::sync_directory(directory_.parent_path());
}

}  // namespace trainyard::agent
