#include "agent/outputs/copy_out.hpp"

#include "agent/outputs/tree.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr mode_t modes = 0777;
constexpr std::size_t piece_bytes = std::size_t(1) << 30;

// Shares the bytes where both files are of one file system that can, else copies them.
ssize_t copy_piece(int from, off_t& in, int to, std::size_t bytes) {
  off_t out = in;
  const ssize_t shared = ::copy_file_range(from, &in, to, &out, bytes, 0);
  if (shared >= 0 || (errno != EXDEV && errno != EOPNOTSUPP)) return shared;
  if (::lseek(to, in, SEEK_SET) < 0) return -1;
  return ::sendfile(to, from, &in, bytes);
}

// The parts of a file that hold something.
Result<> copy_parts(int from, off_t size, int to) {
  for (off_t at = 0; at < size;) {
    const off_t data = ::lseek(from, at, SEEK_DATA);
    if (data < 0) break;  // ENXIO: a hole to the end
    const off_t hole = std::max(data, ::lseek(from, data, SEEK_HOLE));
    off_t in = data;
    while (in < hole) {
      const ssize_t n = copy_piece(from, in, to, std::min(piece_bytes, std::size_t(hole - in)));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno("cannot be copied");
      if (n == 0) return fail_internal("became shorter while it was copied");
    }
    at = hole;
  }
  if (::ftruncate(to, size) != 0) return fail_errno("cannot be copied");
  return {};
}

/// What went wrong with the job's file is a note; with the copy, an error.
Result<> copy_file(const TreeEntry& entry, const os::Path& to, Notes& notes) {
  const auto file = open_visited(entry);
  if (!file) return notes.add(entry.path, file.error().message + ": left out"), Result<>();
  const os::Fd out = TRY(os::open_file(to, O_WRONLY | O_CREAT | O_EXCL));
  const auto copied = copy_parts(file->fd.get(), file->status.st_size, out.get());
  if (copied && ::fchmod(out.get(), file->status.st_mode & modes) == 0) return {};
  ::unlink(to.c_str());
  if (!copied) return in_context(copied.error(), "write " + to.string());
  return fail_errno("write " + to.string());
}

Result<> copy_link(const TreeEntry& entry, const os::Path& to, Notes& notes) {
  std::array<char, 4096> text;
  const ssize_t n = ::readlinkat(entry.directory, entry.name, text.data(), text.size() - 1);
  if (n < 0) return notes.add(entry.path, "is no link any more: left out"), Result<>();
  text[std::size_t(n)] = '\0';
  if (::symlink(text.data(), to.c_str()) != 0) return fail_errno("write " + to.string());
  return {};
}

// A name may come twice while the job makes it anew. What is there then may be a link that it put
// there before: nothing goes through that.
Result<> copy_entry(const TreeEntry& entry, const os::Path& to, Notes& notes) {
  const mode_t mode = entry.status.st_mode;
  if (S_ISDIR(mode)) {
    if (::mkdir(to.c_str(), (mode & modes) | 0700) == 0) return {};
    return fail_errno("make " + to.string());
  }
  if (S_ISREG(mode)) return copy_file(entry, to, notes);
  if (S_ISLNK(mode)) return copy_link(entry, to, notes);
  notes.add(entry.path, "is no file, directory or link: left out");
  return {};
}

}  // namespace

Result<Notes> copy_out(const os::Path& trusted, const os::Path& below, const os::Path& to) {
  Notes notes;
  std::error_code ec;
  if (std::filesystem::exists(std::filesystem::symlink_status(to, ec)))
    return fail(ErrorKind::conflict, "InvalidArgument", to.string() + " exists already");
  const os::Path normal = below.lexically_normal();
  if (normal.is_absolute() || *normal.begin() == "..")
    return fail(ErrorKind::invalid, "InvalidArgument", below.string() + " leads out of it");
  if (const auto root = open_job_directory(trusted, normal == "." ? os::Path() : normal)) {
    TRY(os::make_directories(to, 0755));
    TRY(walk_tree(*root, {}, notes, [&](const TreeEntry& entry) {
      return copy_entry(entry, to / entry.path, notes);
    }));
    return notes;
  }
  const auto parent = TRY(open_job_directory(trusted, normal.parent_path()));
  const std::string name = normal.filename();
  struct stat status{};
  if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return fail(ErrorKind::not_found, "NoSuchFile", "there is no " + below.string());
  TRY(copy_entry({name, parent.get(), name.c_str(), status}, to, notes));
  return notes;
}

}  // namespace trainyard::agent
