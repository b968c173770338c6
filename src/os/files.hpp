#pragma once
/// Files and directories: whole-file reads, writes that survive a power cut, removal of trees that
/// a hostile job may have filled. No function follows a symbolic link that it was not told to
/// follow.

#include "base/result.hpp"
#include "os/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace trainyard::os {

using Path = std::filesystem::path;

/// The whole file. An error of kind `limit` if it is larger than `size_bytes_max`.
Result<std::string> read_file(const Path& path, std::size_t size_bytes_max = 64u << 20);

/// Opens with O_CLOEXEC added. The error names the path.
Result<Fd> open_file(const Path& path, int flags, unsigned mode = 0600);

/// Opens `below`, a path in the directory `root`, which links on the way take for "/": none leads
/// out of it. Waits for nobody: what is a pipe is opened like a file.
Result<Fd> open_in_root(const Path& root, const Path& below, int flags);

/// Writes and closes, without fsync. Replaces what was there.
Result<> write_file(const Path& path, std::string_view text, unsigned mode = 0600);

/// Writes beside, fsyncs, renames over `path`, fsyncs the directory: after it returns the file is
/// whole and lasting; before, the old one is.
Result<> write_durably(const Path& path, std::string_view text, unsigned mode = 0600);

Result<> sync_fd(int fd, std::string_view what);
Result<> sync_directory(const Path& path);

/// Makes the directory and its parents; one that exists is fine.
Result<> make_directories(const Path& path, unsigned mode = 0700);

/// The names in a directory, sorted, without "." and "..". Kind `not_found` where there is none.
Result<std::vector<std::string>> list_directory(const Path& path);

/// Removes a tree, symbolic links as links, read-only directories too. What does not exist is fine.
/// Takes a bounded number of descriptors and a bounded stack, however deep the tree is.
Result<> remove_tree(const Path& path);

/// Bytes free for an ordinary user on the file system of `path`, and its size.
struct Space {
  std::uint64_t free_bytes = 0, total_bytes = 0;
};
Result<Space> space(const Path& path);

/// A record lock on a whole file, held until it goes. The kernel frees it when the holder dies,
/// however it dies. It is the process's alone (fcntl(2), F_SETLK): with flock(2) a child that was
/// just forked would hold it on for a moment after its parent was killed, and who comes next would
/// be told that it is held. The price: a process that holds a lock must not open its file again,
/// and does not see it itself.
class FileLock {
public:
  /// Takes the lock or fails with kind `conflict` at once. Makes the file (0600) if there is none.
  static Result<FileLock> take(const Path& path);
  /// The same, but waits for who holds it.
  static Result<FileLock> take_when_free(const Path& path);
  /// Which other process holds it now. A file that does not exist is held by nobody.
  static Result<std::optional<pid_t>> holder(const Path& path);
  static Result<bool> is_held(const Path& path);
  /// Whether the file at `path` is the one that is locked: not another, or none any more.
  bool is_of(const Path& path) const;
  /// Replaces the file's text, for whoever reads it.
  Result<> write(std::string_view text);

private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

/// This boot's id, from the kernel; "" where it cannot be read.
std::string boot_id();

}  // namespace trainyard::os
