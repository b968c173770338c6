#include "agent/channels/pipe_channel.hpp"

#include "agent/channels/gunzip_file.hpp"
#include "agent/channels/look_up.hpp"
#include "agent/channels/pipe_order.hpp"
#include "agent/channels/record_io.hpp"
#include "s3/retry.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr int pipe_bytes = 1 << 20;
constexpr std::size_t piece_bytes = 256u << 10;

std::string path_of(const os::Fd& fd) {
  return fmt::format("/proc/self/fd/{}", fd.get());
}

}  // namespace

Result<std::unique_ptr<PipeChannel>> PipeChannel::open(const wire::ChannelSpec& channel,
                                                       std::vector<wire::SequenceUnit> units,
                                                       const os::Path& directory, os::Owner owner,
                                                       Fetcher* fetcher,
                                                       std::function<void(Error)> failed) {
  std::unique_ptr<PipeChannel> out(new PipeChannel(channel, owner, fetcher, std::move(failed)));
  out->directory_ = TRY(os::open_file(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  out->over_ = TRY(os::Event::make());
  out->sequence_ = TRY(os::open_file(channel.Source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  out->units_ = std::move(units);
  out->fifo_ = TRY(out->make_fifo(0));
  out->thread_ = std::thread([channel_ = out.get()] { channel_->run(); });
  return out;
}

PipeChannel::~PipeChannel() {
  if (!thread_.joinable()) return;
  over_.raise();
  // A thread that waits for a reader gets one.
  os::Fd reader;
  {
    const std::lock_guard lock(mutex_);
    // The job may have taken the right from its own user, which an agent that is not root has.
    if (fifo_) ::chmod(path_of(fifo_).c_str(), 0600);
    if (fifo_) reader.reset(::open(path_of(fifo_).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  thread_.join();
}

std::string PipeChannel::name_of(std::uint64_t epoch) const {
  return fmt::format("{}_{}", channel_.Name, epoch);
}

// The job may do with the directory what it likes: what is opened is looked at.
Result<os::Fd> PipeChannel::make_fifo(std::uint64_t epoch) {
  const std::string name = name_of(epoch);
  const std::string doing = "make the FIFO /opt/ml/input/data/" + name;
  if (::mkfifoat(directory_.get(), name.c_str(), 0600) != 0) return fail_errno(doing);
  os::Fd fd(::openat(directory_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0) return fail_errno(doing);
  if (!S_ISFIFO(st.st_mode))
    return fail(ErrorKind::invalid, "ValidationException", doing + ": the job put something there");
  if (::geteuid() == 0 && ::fchownat(fd.get(), "", owner_.uid, owner_.gid, AT_EMPTY_PATH) != 0)
    return fail_errno(doing);
  return fd;
}

void PipeChannel::run() {
  const auto fed = feed_epochs();
  if (fed || fed.error().code == s3::stopped_code) return;
  failed_(in_context(fed.error(), "channel '" + channel_.Name + "'").value());
  await_room(-1);
}

Result<> PipeChannel::feed_epochs() {
  for (std::uint64_t epoch = 0;; ++epoch) {
    out_ = TRY(await_reader());
    if (is_over()) return {};
    os::Fd next = TRY(make_fifo(epoch + 1));
    TRY(feed(out_.get(), epoch));
    ::unlinkat(directory_.get(), name_of(epoch).c_str(), 0);
    out_.reset();
    const std::lock_guard lock(mutex_);
    fifo_ = std::move(next);
    if (is_over()) return {};  // whoever ends this may have looked at the FIFO before this one
  }
}

bool PipeChannel::is_over() const {
  return over_.is_raised();
}

bool PipeChannel::await_room(int out) const {
  std::array<pollfd, 2> fds{pollfd{over_.fd(), POLLIN, 0}, pollfd{out, POLLOUT, 0}};
  while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
  }
  return fds[0].revents == 0;
}

Result<os::Fd> PipeChannel::await_reader() {
  os::Fd out;
  do
    out.reset(::open(path_of(fifo_).c_str(), O_WRONLY | O_CLOEXEC));
  while (!out && errno == EINTR);
  if (!out) return fail_errno("open a FIFO for writing");
  (void)::fcntl(out.get(), F_SETPIPE_SZ, pipe_bytes);
  if (::fcntl(out.get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno("prepare a FIFO");
  return out;
}

Result<bool> PipeChannel::feed(int out, std::uint64_t epoch) {
  const auto order = pipe_order(std::uint32_t(units_.size()), channel_.ShuffleSeed, epoch);
  FetchAhead ahead(fetcher_, units_, order);
  for (const auto n : order)
    for (const auto& item : units_[n].Items)
      if (!TRY(send(out, item, ahead))) return false;
  return true;
}

Result<bool> PipeChannel::send(int out, const wire::SequenceItem& item, FetchAhead& ahead) {
  if (item.Text)
    return TRY(begin_record(out, item.Text->size(), item.Name)) && TRY(write(out, *item.Text)) &&
           TRY(end_record(out, item.Text->size()));
  if (item.Object) {
    auto fetched = ahead.next();
    const auto file = fetched ? fetcher_->wait(*fetched) : Result<int>(Failure(fetched.error()));
    if (!file) return of_item(file.error(), item);
    return send_content(out, *file, title(item));
  }
  const os::Fd file(
      ::openat(sequence_.get(), item.File.value_or("").c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file) return fail_errno("open the content of " + item.Name);
  return send_content(out, file.get(), item.Name);
}

Result<bool> PipeChannel::send_content(int out, int file, const std::string& name) {
  if (::lseek(file, 0, SEEK_SET) != 0) return fail_errno("read the content of " + name);
  return channel_.CompressionType == "Gzip" ? send_unzipped(out, file, name)
                                            : send_file(out, file, name);
}

Result<bool> PipeChannel::send_file(int out, int file, const std::string& name) {
  struct stat st{};
  if (::fstat(file, &st) != 0) return fail_errno("look at the content of " + name);
  const auto bytes = std::uint64_t(st.st_size);
  return TRY(begin_record(out, bytes, name)) && TRY(splice(out, file, bytes, name)) &&
         TRY(end_record(out, bytes));
}

// A record's length stands before it: what is to be one is unpacked twice.
Result<bool> PipeChannel::send_unzipped(int out, int file, const std::string& name) {
  std::vector<char> piece(piece_bytes);
  std::uint64_t bytes = 0;
  if (channel_.RecordWrapperType == "RecordIO") {
    GunzipFile first(file, name);
    while (const std::size_t n = TRY(first.read(piece))) {
      if (is_over()) return false;
      bytes += n;
    }
    if (::lseek(file, 0, SEEK_SET) != 0) return fail_errno("read " + name + " again");
  }
  if (!TRY(begin_record(out, bytes, name))) return false;
  GunzipFile unzipped(file, name);
  while (const std::size_t n = TRY(unzipped.read(piece)))
    if (!TRY(write(out, {piece.data(), n}))) return false;
  return end_record(out, bytes);
}

Result<bool> PipeChannel::begin_record(int out, std::uint64_t bytes, const std::string& name) {
  if (channel_.RecordWrapperType != "RecordIO") return true;
  if (bytes > record_bytes_max)
    return fail(ErrorKind::invalid, "ValidationException",
                fmt::format("wrap {} as a RecordIO record: it has {} bytes, a record at most {}. "
                            "Cut it, or leave RecordWrapperType out",
                            name, bytes, record_bytes_max));
  const auto header = record_header(std::uint32_t(bytes));
  return write(out, {header.data(), header.size()});
}

Result<bool> PipeChannel::end_record(int out, std::uint64_t bytes) {
  if (channel_.RecordWrapperType != "RecordIO") return true;
  constexpr std::string_view zeros("\0\0\0", 3);
  return write(out, zeros.substr(0, record_padding(std::uint32_t(bytes))));
}

Result<bool> PipeChannel::write(int out, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(out, bytes.data(), bytes.size());
    if (n >= 0)
      bytes.remove_prefix(std::size_t(n));
    else if (errno == EPIPE || (errno == EAGAIN && !await_room(out)))
      return false;
    else if (errno != EAGAIN && errno != EINTR)
      return fail_errno("write into a FIFO");
  }
  return true;
}

Result<bool> PipeChannel::splice(int out, int file, std::uint64_t bytes, const std::string& name) {
  while (bytes > 0) {
    const ssize_t n = ::splice(file, nullptr, out, nullptr,
                               std::min<std::uint64_t>(bytes, std::uint64_t(pipe_bytes)),
                               SPLICE_F_NONBLOCK | SPLICE_F_MORE);
    if (n > 0)
      bytes -= std::uint64_t(n);
    else if (n == 0)
      return fail_internal("read " + name + ": it is shorter than it was");
    else if (errno == EPIPE || (errno == EAGAIN && !await_room(out)))
      return false;
    else if (errno != EAGAIN && errno != EINTR)
      return fail_errno("pass " + name + " into a FIFO");
  }
  return true;
}

}  // namespace trainyard::agent
