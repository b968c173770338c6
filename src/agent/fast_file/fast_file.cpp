#include "agent/fast_file/fast_file.hpp"

#include "base/log.hpp"
#include "os/fuse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <utility>

// Messages are those of linux/fuse.h. None but a read waits for anything: those are answered from
// the fetcher's threads, so that a store that is away holds up nobody who does not read from it.

namespace trainyard::agent {
namespace {

constexpr std::size_t threads_count = 2;
constexpr std::size_t look_after = 1'000;  // messages without a pause, at those that wait too long
constexpr std::size_t message_bytes = 64u
                                      << 10;  // names and numbers alone: nothing is written here
constexpr std::uint64_t forever = 1u << 30;   // seconds: what was listed does not change
constexpr std::uint64_t kernel_read_ahead = 1u << 20;
constexpr std::uint32_t request_bytes = 1u << 20, page = 4096;
constexpr std::size_t recent_max = 128;
constexpr std::size_t open_max = 32'768;  // each has a descriptor here, too
constexpr std::uint64_t near_files = 64, next_files_max = 64, next_bytes_max = 32u << 20;

// Of protocol 7.40, which this machine's header may not have yet: files that are lent.
constexpr std::uint32_t open_passthrough = 1u << 7;
constexpr std::uint64_t flag_passthrough = 1ull << 37;
struct InitAnswer {
  std::uint32_t major, minor, max_readahead, flags;
  std::uint16_t max_background, congestion_threshold;
  std::uint32_t max_write, time_gran;
  std::uint16_t max_pages, map_alignment;
  std::uint32_t flags2, max_stack_depth, unused[6];
};
static_assert(sizeof(InitAnswer) == sizeof(fuse_init_out));
struct OpenAnswer {
  std::uint64_t fh;
  std::uint32_t open_flags;
  std::int32_t backing_id;
};
static_assert(sizeof(OpenAnswer) == sizeof(fuse_open_out));

template <class T> std::span<const char> bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

struct FastFile::Message {
  fuse_in_header header{};
  std::span<const char> body;
  int device = -1;

  template <class T> T as() const {
    T out{};
    std::memcpy(&out, body.data(), std::min(sizeof out, body.size()));
    return out;
  }
  std::string_view name() const {
    const std::string_view all(body.data(), body.size());
    return all.substr(0, all.find('\0'));
  }
  void fail(int error) const { os::answer_fuse(device, header.unique, error); }
  template <class T> void answer(const T& out) const {
    os::answer_fuse(device, header.unique, 0, bytes_of(out));
  }
};

FastFile::FastFile(ObjectTree tree, os::Owner owner, Fetcher& fetcher,
                   std::shared_ptr<HeldBytes> held, Millis patience)
    : tree_(std::move(tree)), owner_(owner), mounted_at_(std::uint64_t(std::time(nullptr))),
      fetcher_(fetcher), patience_(patience), held_(std::move(held)) {}

Result<> FastFile::mount() {
  const auto processes = TRY(os::open_file("/proc", O_PATH | O_DIRECTORY));
  auto mounted = TRY(os::mount_fuse("trainyard"));
  TRY(serve(std::move(mounted.device), processes));
  mount_ = std::move(mounted.mount);
  os::set_fuse_read_ahead(mount_.get(), kernel_read_ahead);
  return {};
}

Result<> FastFile::serve(os::Fd device, const os::Fd& processes) {
  os::Fd copy(::fcntl(processes.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail_errno("serve a FUSE file system: keep its /proc");
  over_ = TRY(os::Event::make());
  reads_ = std::make_shared<WaitingReads>(std::move(device), std::move(copy), patience_);
  try {
    for (std::size_t n = 0; n < threads_count; ++n)
      threads_.emplace_back([this] { answer_messages(); });
  } catch (const std::system_error& error) {
    if (threads_.empty())
      return fail_errno("serve a FUSE file system: start a thread (see ulimit -u)",
                        error.code().value());
  }
  return {};
}

FastFile::~FastFile() {
  stop();
  over_.raise();
  for (auto& thread : threads_)
    thread.join();
}

void FastFile::stop() {
  if (reads_) reads_->stop();
}

std::vector<std::string> FastFile::troubles() const {
  return reads_ ? reads_->troubles() : std::vector<std::string>();
}

void FastFile::answer_messages() {
  std::vector<char> buffer(message_bytes);
  const int device = reads_->device();
  std::size_t handled = 0;
  while (!over_.is_raised()) {
    const auto n = os::receive_fuse(device, buffer);
    if (!n) {
      if (n.error().code != "Gone") log::error("FastFile ends", {{"error", n.error().message}});
      return;
    }
    if (*n < sizeof(fuse_in_header)) {
      std::array<pollfd, 2> fds{pollfd{device, POLLIN, 0}, pollfd{over_.fd(), POLLIN, 0}};
      ::poll(fds.data(), fds.size(), int(reads_->expire().count()) + 1);
      continue;
    }
    Message message;
    message.device = device;
    std::memcpy(&message.header, buffer.data(), sizeof message.header);
    message.body =
        std::span<const char>(buffer).subspan(sizeof message.header, *n - sizeof message.header);
    handle(message);
    if (++handled % look_after == 0) reads_->expire();
  }
}

void FastFile::handle(const Message& message) {
  switch (message.header.opcode) {
  case FUSE_INIT:
    return init(message);
  case FUSE_LOOKUP:
    return look_up(message);
  case FUSE_GETATTR:
    return tell_attributes(message);
  case FUSE_STATFS:
    return tell_space(message);
  case FUSE_READDIR:
    return list(message, false);
  case FUSE_READDIRPLUS:
    return list(message, true);
  case FUSE_OPEN:
    return open(message);
  case FUSE_READ:
    return read(message);
  case FUSE_RELEASE:
    return release(message);
  case FUSE_INTERRUPT:
    return interrupt(message);
  case FUSE_FORGET:
  case FUSE_BATCH_FORGET:
    return;  // nodes stay; these have no answer
  default:
    return message.fail(ENOSYS);  // the kernel does not ask again
  }
}

void FastFile::init(const Message& message) {
  const auto asked = message.as<fuse_init_in>();
  const std::uint64_t offered =
      asked.flags | (asked.flags & FUSE_INIT_EXT ? std::uint64_t(asked.flags2) << 32 : 0);
  const std::uint64_t wanted = FUSE_ASYNC_READ | FUSE_PARALLEL_DIROPS | FUSE_DO_READDIRPLUS |
                               FUSE_READDIRPLUS_AUTO | FUSE_MAX_PAGES | FUSE_NO_OPENDIR_SUPPORT |
                               FUSE_EXPLICIT_INVAL_DATA | FUSE_INIT_EXT | flag_passthrough;
  const std::uint64_t flags = offered & wanted;
  InitAnswer out{};
  out.major = FUSE_KERNEL_VERSION;
  out.minor = std::min<std::uint32_t>(asked.minor, 45);
  out.max_readahead = request_bytes;
  out.flags = std::uint32_t(flags);
  out.flags2 = std::uint32_t(flags >> 32);
  out.max_background = 64;
  out.congestion_threshold = 48;
  out.max_write = page;
  out.time_gran = 1;
  out.max_pages = request_bytes / page;
  if (flags & flag_passthrough) out.max_stack_depth = 1;
  message.answer(out);
}

void FastFile::fill(fuse_attr& out, std::uint64_t number, const ObjectTree::Node& node) const {
  out.ino = number;
  out.size = node.object ? std::uint64_t(node.object->Size) : page;
  out.blocks = (out.size + 511) / 512;
  out.atime = out.mtime = out.ctime = mounted_at_;
  out.mode = node.object ? S_IFREG | 0644 : S_IFDIR | 0755;
  out.nlink = node.object ? 1 : 2;
  out.uid = owner_.uid;
  out.gid = owner_.gid;
  out.blksize = 128u << 10;  // what many programs read at once
}

void FastFile::fill(fuse_entry_out& out, std::uint64_t number, const ObjectTree::Node& node) const {
  out.nodeid = number;
  out.entry_valid = out.attr_valid = forever;
  fill(out.attr, number, node);
}

void FastFile::look_up(const Message& message) {
  const auto* directory = tree_.find(message.header.nodeid);
  if (!directory || directory->object) return message.fail(ENOTDIR);
  fuse_entry_out out{};
  out.entry_valid = forever;  // that there is none, too
  if (const auto number = tree_.child(*directory, message.name()))
    fill(out, *number, *tree_.find(*number));
  message.answer(out);
}

void FastFile::tell_attributes(const Message& message) {
  const auto* node = tree_.find(message.header.nodeid);
  if (!node) return message.fail(ENOENT);
  fuse_attr_out out{};
  out.attr_valid = forever;
  fill(out.attr, message.header.nodeid, *node);
  message.answer(out);
}

void FastFile::tell_space(const Message& message) {
  fuse_statfs_out out{};
  out.st.bsize = out.st.frsize = page;
  out.st.blocks = (tree_.bytes() + page - 1) / page;
  out.st.files = tree_.end() - ObjectTree::root;
  out.st.namelen = 255;
  message.answer(out);
}

// An entry's offset is its number in the directory, from 1 on: "." and ".." come first.
void FastFile::list(const Message& message, bool with_attributes) {
  const auto asked = message.as<fuse_read_in>();
  const auto* directory = tree_.find(message.header.nodeid);
  if (!directory || directory->object) return message.fail(ENOTDIR);
  std::vector<char> out;
  for (std::uint64_t n = asked.offset; n < directory->children.size() + 2; ++n) {
    const bool is_own = n < 2;
    const std::uint64_t number = n == 0   ? message.header.nodeid
                                 : n == 1 ? directory->parent
                                          : directory->children[n - 2];
    const auto& node = *tree_.find(number);
    const std::string_view name = n == 0 ? "." : n == 1 ? ".." : std::string_view(node.name);
    const std::size_t front = with_attributes ? sizeof(fuse_entry_out) : 0;
    const std::size_t size = front + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + name.size());
    if (out.size() + size > asked.size) break;
    fuse_entry_out entry{};
    if (with_attributes && !is_own) fill(entry, number, node);
    fuse_dirent listed{};
    listed.ino = number;
    listed.off = n + 1;
    listed.namelen = std::uint32_t(name.size());
    listed.type = std::uint32_t((node.object ? S_IFREG : S_IFDIR) >> 12);
    const std::size_t at = out.size();
    out.resize(at + size);
    if (with_attributes) std::memcpy(out.data() + at, &entry, sizeof entry);
    std::memcpy(out.data() + at + front, &listed, FUSE_NAME_OFFSET);
    std::memcpy(out.data() + at + front + FUSE_NAME_OFFSET, name.data(), name.size());
  }
  os::answer_fuse(message.device, message.header.unique, 0, out);
}

Result<std::shared_ptr<ObjectFile>> FastFile::file_of(std::uint64_t node, Use& use, Files& let_go) {
  if (auto known = use.file.lock()) return known;
  auto out = TRY(ObjectFile::open(*tree_.find(node)->object, fetcher_, held_));
  use.file = out;
  if (!out->whole()) remember(out, let_go);
  return out;
}

// What comes ahead, or was closed, is not lost at once. `let_go` is the caller's, to be cleared
// without the lock: the end of a large file takes time.
void FastFile::remember(std::shared_ptr<ObjectFile> file, Files& let_go) {
  const auto is_whole = [](const auto& one) { return one->whole().has_value(); };
  for (auto& one : recent_)
    if (is_whole(one)) let_go.push_back(one);
  std::erase_if(recent_, is_whole);
  recent_.push_back(std::move(file));
  if (recent_.size() <= recent_max) return;
  let_go.push_back(std::move(recent_.front()));
  recent_.pop_front();
}

// Whether the kernel can read the file by itself, as it must if it does so for another who has it.
bool FastFile::lend(Use& use, const ObjectFile& file) {
  if (use.lent_opens > 0) return ++use.lent_opens, true;
  const auto whole = file.whole();
  if (!can_lend_ || use.asked_opens > 0 || !whole) return ++use.asked_opens, false;
  use.lent_id = os::lend_file(reads_->device(), *whole);
  if (use.lent_id == 0) {
    can_lend_ = false;
    return ++use.asked_opens, false;
  }
  return ++use.lent_opens, true;
}

void FastFile::open(const Message& message) {
  const std::uint64_t number = message.header.nodeid;
  const auto* node = tree_.find(number);
  if (!node || !node->object) return message.fail(EISDIR);
  if ((message.as<fuse_open_in>().flags & O_ACCMODE) != O_RDONLY) return message.fail(EROFS);
  OpenAnswer out{};
  out.open_flags = FOPEN_KEEP_CACHE | FOPEN_NOFLUSH;
  Files let_go;
  {
    const std::lock_guard lock(mutex_);
    if (open_.size() >= open_max) {
      reads_->note({ErrorKind::limit, "TooManyFiles",
                    fmt::format("more than {} files are open at a time", open_max)});
      return message.fail(ENFILE);
    }
    Use& use = uses_[number];
    auto file = file_of(number, use, let_go);
    if (!file) {
      reads_->note(in_context(file.error(), "open " + node->object->Key).value());
      return message.fail(EIO);
    }
    const bool is_lent = lend(use, **file);
    if (is_lent) {
      out.open_flags = open_passthrough;
      out.backing_id = use.lent_id;
    }
    out.fh = next_handle_++;
    open_.emplace(out.fh, Open{number, *file, {}, is_lent});
    if (!is_lent) (*file)->fetch_ahead({0, std::min((*file)->size(), ReadAhead::window_min)});
    fetch_next_files(number, let_go);
  }
  message.answer(out);
}

// Files that are opened in their order, or nearly, are fetched before it is their turn.
void FastFile::fetch_next_files(std::uint64_t node, Files& let_go) {
  const bool is_near = node + near_files > last_node_ && node < last_node_ + near_files;
  run_ = is_near ? run_ + 1 : 0;
  last_node_ = node;
  if (!is_near) ahead_until_ = 0;
  const std::uint64_t end = std::min(node + 1 + std::min(2 * run_, next_files_max), tree_.end());
  std::uint64_t bytes = 0;
  for (std::uint64_t next = std::max(node + 1, ahead_until_); next < end; ++next) {
    ahead_until_ = next + 1;
    const auto& object = tree_.find(next)->object;
    if (!object || std::uint64_t(object->Size) > ObjectFile::small_bytes) continue;
    bytes += std::uint64_t(object->Size);
    if (bytes > next_bytes_max) return;
    if (const auto file = file_of(next, uses_[next], let_go))
      (*file)->fetch_ahead({0, (*file)->size()});
  }
}

void FastFile::read(const Message& message) {
  const auto asked = message.as<fuse_read_in>();
  std::shared_ptr<ObjectFile> file;
  Range range{asked.offset, asked.offset + asked.size}, ahead;
  {
    const std::lock_guard lock(mutex_);
    const auto it = open_.find(asked.fh);
    if (it == open_.end()) return message.fail(EBADF);
    file = it->second.file;
    range.end = std::min(range.end, file->size());
    if (!range.is_empty()) ahead = it->second.ahead.on_read(range, file->size());
  }
  if (range.is_empty()) return message.fail(0);
  const std::uint64_t unique = message.header.unique;
  reads_->begin(unique, pid_t(message.header.pid), file->name());
  file->read(range, ahead, [reads = reads_, unique, range](const Result<int>& bytes) {
    reads->answer(unique, range, bytes);
  });
}

void FastFile::release(const Message& message) {
  const auto asked = message.as<fuse_release_in>();
  std::shared_ptr<ObjectFile> last;  // let go without the lock
  {
    const std::lock_guard lock(mutex_);
    const auto it = open_.find(asked.fh);
    if (it == open_.end()) return message.fail(EBADF);
    Use& use = uses_[it->second.node];
    if (!it->second.is_lent) --use.asked_opens;
    if (it->second.is_lent && --use.lent_opens == 0)
      os::take_back(reads_->device(), std::exchange(use.lent_id, 0));
    last = std::move(it->second.file);
    open_.erase(it);
  }
  message.fail(0);
}

void FastFile::interrupt(const Message& message) {
  const auto asked = message.as<fuse_interrupt_in>();
  // The other thread may be about to begin it.
  if (!reads_->interrupt(asked.unique)) message.fail(EAGAIN);
}

}  // namespace trainyard::agent
