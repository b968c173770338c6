#include "agent/outputs/synced_tree.hpp"

#include "agent/outputs/upload_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace trainyard::agent {
namespace {

/// An error that is the key's or the tree's, not the machine's: noted, and the next object follows.
constexpr std::string_view unusable = "UnusableName";

Failure refuse(std::string why) {
  return fail(ErrorKind::invalid, std::string(unusable), std::move(why));
}

/// "a/b/c" as its parts; refused where a part would not name exactly that file below the directory.
Result<std::vector<std::string>> parts_of(std::string_view path) {
  if (path.size() >= PATH_MAX) return refuse("is too long for a path");
  if (path.find('\0') != path.npos) return refuse("holds a NUL byte");
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..")
      return refuse("has a part that is empty, \".\" or \"..\"");
    if (part.size() > NAME_MAX) return refuse("has a part of more than 255 bytes");
    parts.emplace_back(part);
    if (slash == path.npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

/// A name that is taken by something of another kind is the tree's trouble, all else the machine's.
Failure cannot(std::string_view what, const std::string& name) {
  const int error_number = errno;
  if (error_number == ENOTDIR || error_number == ELOOP || error_number == EISDIR ||
      error_number == EEXIST)
    return refuse(fmt::format("{} {}: {}", what, name, std::strerror(error_number)));
  return fail_errno(fmt::format("cannot restore: {} {}", what, name), error_number);
}

Result<> give_to(const os::Fd& fd, const std::optional<os::Owner>& owner) {
  if (owner && fchown(fd.get(), owner->uid, owner->gid) != 0)
    return fail_errno("cannot restore: cannot change the owner");
  return {};
}

/// Within this of now a further write may leave the times as they are: the kernel's clock for them
/// ticks in steps of up to 10 ms.
constexpr std::int64_t settled_ns = 20'000'000;

bool is_settled(const timespec& changed) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t age_ns =
      (now.tv_sec - changed.tv_sec) * 1'000'000'000 + (now.tv_nsec - changed.tv_nsec);
  return age_ns > settled_ns;
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

SyncedTree::SyncedTree(s3::Client& client, const s3::Location& prefix, OpenDirectory open,
                       std::optional<os::Owner> owner, TreeLimits limits, std::uint64_t bytes_max)
    : client_(client), prefix_(s3::as_directory(prefix)), open_(std::move(open)), owner_(owner),
      limits_(limits), bytes_max_(bytes_max) {}

SyncedTree::Seen SyncedTree::seen_as(const struct stat& status, std::string etag) {
  return {status.st_ino, static_cast<std::uint64_t>(status.st_size), status.st_mtim, status.st_ctim,
          std::move(etag)};
}

bool SyncedTree::is_as_seen(const struct stat& status, const Seen& seen) {
  return status.st_ino == seen.inode && static_cast<std::uint64_t>(status.st_size) == seen.size &&
         same_time(status.st_mtim, seen.modified) && same_time(status.st_ctim, seen.changed);
}

Result<SyncReport> SyncedTree::restore() {
  SyncReport report;
  directory_ = TRY(open_());
  std::size_t count = 0;
  TRY(client_.list(prefix_, [&](s3::Object object) -> Result<> {
    if (++count > limits_.entries_max)
      return fail(ErrorKind::limit, "TooManyObjects",
                  fmt::format("{} holds more than {} objects; name a prefix with fewer",
                              prefix_.uri(), limits_.entries_max));
    auto restored = restore_object(object, report);
    if (restored || restored.error().code != unusable) return restored;
    report.notes.add(object.key.substr(prefix_.key.size()),
                     "the key " + restored.error().message + ": left out");
    return {};
  }));
  return report;
}

Result<> SyncedTree::restore_object(const s3::Object& object, SyncReport& report) {
  const std::string path = object.key.substr(prefix_.key.size());
  // Consoles make such objects to stand for folders.
  if (object.size == 0 && (path.empty() || path.back() == '/')) return {};
  const os::Fd file = TRY(make_file(path));
  TRY(client_.get({prefix_.bucket, object.key}, object.etag, object.size, file.get()));
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return fail_errno("cannot look at " + path);
  seen_[path] = seen_as(status, object.etag);
  ++report.files;
  report.bytes += object.size;
  return {};
}

/// A new empty file at the path, its directories made, no symbolic link followed.
Result<os::Fd> SyncedTree::make_file(const std::string& path) {
  constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const std::vector<std::string> parts = TRY(parts_of(path));
  os::Fd at(openat(directory_.get(), ".", directory_flags));
  if (!at) return cannot("cannot open", ".");
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const char* name = parts[i].c_str();
    const bool made = mkdirat(at.get(), name, 0755) == 0;
    if (!made && errno != EEXIST) return cannot("cannot make the directory", parts[i]);
    os::Fd below(openat(at.get(), name, directory_flags));
    if (!below) return cannot("cannot open the directory", parts[i]);
    if (made) TRY(give_to(below, owner_));
    at = std::move(below);
  }
  const char* name = parts.back().c_str();
  if (unlinkat(at.get(), name, 0) != 0 && errno != ENOENT) return cannot("cannot replace", path);
  os::Fd file(openat(at.get(), name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return cannot("cannot make", path);
  TRY(give_to(file, owner_));
  return file;
}

Result<std::map<std::string, SyncedTree::Remote>> SyncedTree::list() {
  std::map<std::string, Remote> found;
  TRY(client_.list(prefix_, [&](s3::Object object) -> Result<> {
    // Past the limit a file is copied unseen, which is right, only slower.
    if (found.size() < limits_.entries_max)
      found[object.key.substr(prefix_.key.size())] = {object.size, object.etag};
    return {};
  }));
  return found;
}

Result<SyncReport> SyncedTree::sync_up(const Options& options) {
  SyncReport report;
  auto directory = open_();
  if (!directory && directory.error().kind == ErrorKind::not_found) return report;
  directory_ = TRY(std::move(directory));
  if (options.lists_anew || !remote_) remote_ = TRY(list());
  const auto tell = [&](int at) {
    if (options.visit_directory) options.visit_directory(at);
  };
  tell(directory_.get());
  TRY(walk_tree(directory_, limits_, report.notes, [&](const TreeEntry& entry) -> Result<> {
    if (S_ISDIR(entry.status.st_mode)) {
      const os::Fd below(
          openat(entry.directory, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (below) tell(below.get());
      return {};
    }
    auto synced = sync_file(entry, report);
    if (synced || !file_was_unreadable(synced.error())) return synced;
    report.notes.add(entry.path, synced.error().message + ": left out");
    return {};
  }));
  return report;
}

Result<bool> SyncedTree::is_unchanged(const OpenedFile& file, const std::string& path,
                                      const Remote& remote) const {
  const auto size = static_cast<std::uint64_t>(file.status.st_size);
  if (size != remote.size) return false;
  const auto seen = seen_.find(path);
  if (seen != seen_.end() && seen->second.etag == remote.etag &&
      is_as_seen(file.status, seen->second))
    return true;
  return is_same_content(file.fd.get(), size, remote.etag);
}

Result<> SyncedTree::sync_file(const TreeEntry& entry, SyncReport& report) {
  const s3::Location to{prefix_.bucket, prefix_.key + entry.path};
  const auto file = open_for_upload(entry, to.key, report.notes);
  if (!file) return {};
  const auto size = static_cast<std::uint64_t>(file->status.st_size);
  const auto there = remote_->find(entry.path);
  std::string etag;
  if (there != remote_->end() && TRY(is_unchanged(*file, entry.path, there->second))) {
    etag = there->second.etag;
    ++report.unchanged;
  } else if (size > bytes_max_ - report.bytes) {
    report.notes.add(entry.path, fmt::format("{} bytes: left out, for no more than {} GiB "
                                             "are stored at a time (VolumeSizeInGB)",
                                             size, bytes_max_ >> 30));
    return {};
  } else {
    etag = TRY(upload_file(client_, file->fd.get(), size, to));
    if (there != remote_->end() || remote_->size() < limits_.entries_max)
      (*remote_)[entry.path] = {size, etag};
    ++report.files;
    report.bytes += size;
  }
  struct stat now{};
  Seen seen = seen_as(file->status, std::move(etag));
  if (fstat(file->fd.get(), &now) != 0 || !is_as_seen(now, seen))
    report.notes.add(entry.path, "changed while it was copied: its object may be a mixture");
  else if (is_settled(now.st_ctim))
    seen_[entry.path] = std::move(seen);
  return {};
}

}  // namespace trainyard::agent
