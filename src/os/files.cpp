#include "os/files.hpp"

#include "os/openat2.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

struct CloseDir {
  void operator()(DIR* d) const { ::closedir(d); }
};

constexpr int levels_max = 32;  // as many descriptors are open at once

Fd open_directory_at(int at, const char* name) {
  return Fd(::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Empties one directory. By descriptors, so that a path swapped for a symbolic link in the meantime
// leads nowhere, and never by "..". A hostile tree may be deeper than there are descriptors and
// stack: what lies below levels_max is moved up, to the directory itself, and removed from there.
class Emptier {
public:
  Emptier(Fd root, std::string what) : root_(std::move(root)), what_(std::move(what)) {}

  Result<> run() {
    ::fchmod(root_.get(), 0700);  // ours by ownership; failure shows below
    do {
      was_moved_ = false;
      Fd again = open_directory_at(root_.get(), ".");
      if (!again) return fail_errno("open " + what_);
      TRY(empty(std::move(again), what_, 1));
    } while (was_moved_);  // readdir(3) may not have shown what came while it read
    return {};
  }

private:
  Result<> empty(Fd fd, const std::string& what, int level) {
    ::fchmod(fd.get(), 0700);
    std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
    if (!dir) return fail_errno("list " + what);
    const int at = fd.release();
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (::unlinkat(at, name.c_str(), 0) == 0) continue;
      if (errno != EISDIR && errno != EPERM) return fail_errno("remove " + what + "/" + name);
      TRY(remove_directory(at, name, what + "/" + name, level));
    }
    return {};
  }

  Result<> remove_directory(int at, const std::string& name, const std::string& what, int level) {
    Fd child = open_directory_at(at, name.c_str());
    if (!child && errno == EACCES) {
      ::fchmodat(at, name.c_str(), 0700, 0);
      child = open_directory_at(at, name.c_str());
    }
    if (!child) return fail_errno("open " + what);
    if (level >= levels_max) return move_up(at, name, child, what);
    TRY(empty(std::move(child), what, level + 1));
    if (::unlinkat(at, name.c_str(), AT_REMOVEDIR) != 0) return fail_errno("remove " + what);
    return {};
  }

  Result<> move_up(int at, const std::string& name, const Fd& child, const std::string& what) {
    ::fchmod(child.get(), 0700);  // its ".." is written
    do {
      const std::string free_name = ".moved-" + std::to_string(moved_++);
      if (::renameat(at, name.c_str(), root_.get(), free_name.c_str()) == 0) {
        was_moved_ = true;
        return {};
      }
    } while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);  // a name of the job's
    return fail_errno("move " + what + " up to remove it");
  }

  Fd root_;
  std::string what_;
  std::uint64_t moved_ = 0;
  bool was_moved_ = false;
};

}  // namespace

Result<Fd> open_file(const Path& path, int flags, unsigned mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return fail_errno("open " + path.string());
  return Fd(fd);
}

Result<std::string> read_file(const Path& path, std::size_t size_bytes_max) {
  const Fd fd = TRY(open_file(path, O_RDONLY));
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const std::size_t n = TRY(read_some(fd.get(), buffer, path.string()));
    if (n == 0) return text;
    if (text.size() + n > size_bytes_max)
      return fail(ErrorKind::limit, "InternalFailure",
                  "read " + path.string() + ": larger than " + std::to_string(size_bytes_max) +
                      " bytes");
    text.append(buffer, n);
  }
}

Result<Fd> open_in_root(const Path& root, const Path& below, int flags) {
  const Fd directory = TRY(open_file(root, O_PATH | O_DIRECTORY));
  open_how how{};
  how.flags = std::uint64_t(flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY));
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  Fd out(openat2_again(directory.get(), below.c_str(), how));
  if (!out) return fail_errno("open " + below.string() + " in " + root.string());
  return out;
}

Result<> write_file(const Path& path, std::string_view text, unsigned mode) {
  const Fd fd = TRY(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
  return write_all(fd.get(), text, path.string());
}

Result<> write_durably(const Path& path, std::string_view text, unsigned mode) {
  const Path beside = path.string() + ".new";
  {
    const Fd fd = TRY(open_file(beside, O_WRONLY | O_CREAT | O_TRUNC, mode));
    TRY(write_all(fd.get(), text, beside.string()));
    TRY(sync_fd(fd.get(), beside.string()));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0)
    return fail_errno("rename " + beside.string() + " to " + path.string());
  return sync_directory(path.parent_path());
}

Result<> sync_fd(int fd, std::string_view what) {
  if (::fsync(fd) != 0) return fail_errno("fsync " + std::string(what));
  return {};
}

Result<> sync_directory(const Path& path) {
  const Fd fd = TRY(open_file(path.empty() ? Path(".") : path, O_RDONLY | O_DIRECTORY));
  return sync_fd(fd.get(), path.string());
}

Result<> make_directories(const Path& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno == EEXIST) {
    struct stat st{};
    if (::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) return {};
    return fail_errno("make directory " + path.string(), ENOTDIR);
  }
  if (errno != ENOENT || !path.has_parent_path() || path.parent_path() == path)
    return fail_errno("make directory " + path.string());
  TRY(make_directories(path.parent_path(), mode));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return fail_errno("make directory " + path.string());
  return {};
}

Result<> remove_tree(const Path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return fail_errno("remove " + path.string());
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd && errno == EACCES && ::chmod(path.c_str(), 0700) == 0)
    fd.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail_errno("open " + path.string());
  TRY(Emptier(std::move(fd), path.string()).run());
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path.string());
  return {};
}

Result<Space> space(const Path& path) {
  struct statvfs st{};
  if (::statvfs(path.c_str(), &st) != 0) return fail_errno("measure " + path.string());
  return Space{std::uint64_t(st.f_bavail) * st.f_frsize, std::uint64_t(st.f_blocks) * st.f_frsize};
}

namespace {

struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Result<std::vector<std::string>> list_directory(const Path& path) {
  const std::unique_ptr<DIR, CloseDir> directory(::opendir(path.c_str()));
  if (!directory) return fail_errno("list " + path.string());
  std::vector<std::string> out;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (!entry && errno != 0) return fail_errno("list " + path.string());
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") out.emplace_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<FileLock> FileLock::take(const Path& path) {
  Fd fd = TRY(open_file(path, O_RDWR | O_CREAT));
  struct flock lock = whole_file();
  if (::fcntl(fd.get(), F_SETLK, &lock) == 0) return FileLock(std::move(fd));
  if (errno == EACCES || errno == EAGAIN)
    return fail(ErrorKind::conflict, "InternalFailure", "lock " + path.string() + ": it is held");
  return fail_errno("lock " + path.string());
}

Result<FileLock> FileLock::take_when_free(const Path& path) {
  Fd fd = TRY(open_file(path, O_RDWR | O_CREAT));
  struct flock lock = whole_file();
  while (::fcntl(fd.get(), F_SETLKW, &lock) != 0)
    if (errno != EINTR) return fail_errno("wait for the lock " + path.string());
  return FileLock(std::move(fd));
}

Result<std::optional<pid_t>> FileLock::holder(const Path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::optional<pid_t>();
  if (!fd) return fail_errno("open " + path.string());
  struct flock lock = whole_file();
  if (::fcntl(fd.get(), F_GETLK, &lock) != 0)
    return fail_errno("look at the lock " + path.string());
  return lock.l_type == F_UNLCK ? std::nullopt : std::optional(lock.l_pid);
}

Result<bool> FileLock::is_held(const Path& path) {
  return TRY(holder(path)).has_value();
}

bool FileLock::is_of(const Path& path) const {
  struct stat own{}, there{};
  return ::fstat(fd_.get(), &own) == 0 && ::lstat(path.c_str(), &there) == 0 &&
         own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

Result<> FileLock::write(std::string_view text) {
  if (::ftruncate(fd_.get(), 0) != 0) return fail_errno("write a lock file");
  if (::pwrite(fd_.get(), text.data(), text.size(), 0) != ssize_t(text.size()))
    return fail_errno("write a lock file");
  return {};
}

std::string boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id");
  if (!text) return "";
  while (!text->empty() && text->back() == '\n')
    text->pop_back();
  return *text;
}

}  // namespace trainyard::os
