#include "agent/outputs/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <vector>

namespace trainyard::agent {
namespace {

struct CloseDirectory {
  void operator()(DIR* d) const { closedir(d); }
};

std::string reason(int error_number) {
  return std::strerror(error_number);
}

class Walker {
public:
  Walker(const TreeLimits& limits, Notes& notes, const TreeVisit& visit)
      : limits_(limits), notes_(notes), visit_(visit) {}

  Result<> enter(int directory, std::size_t depth) {
    auto names = read_names(directory);
    if (!names) {
      notes_.add(path_.empty() ? "." : path_,
                 "the directory cannot be read (" + names.error().message + "): left out");
      return {};
    }
    const std::size_t length = path_.size();
    for (const std::string& name : *names) {
      if (length) path_ += '/';
      path_ += name;
      TRY(visit(directory, name, depth));
      path_.resize(length);
    }
    return {};
  }

private:
  Result<> visit(int directory, const std::string& name, std::size_t depth) {
    struct stat status{};
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      notes_.add(path_, "cannot be looked at (" + reason(errno) + "): left out");
      return {};
    }
    TRY(visit_(TreeEntry{path_, directory, name.c_str(), status}));
    if (!S_ISDIR(status.st_mode)) return {};
    if (depth >= limits_.depth_max) {
      notes_.add(path_, fmt::format("{} directories deep: what is in it is left out", depth));
      return {};
    }
    os::Fd below(openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!below) {
      notes_.add(path_, "the directory cannot be opened (" + reason(errno) + "): left out");
      return {};
    }
    return enter(below.get(), depth + 1);
  }

  /// All names of a directory in byte order, as many as the limit still allows.
  Result<std::vector<std::string>> read_names(int directory) {
    os::Fd own(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!own) return fail_internal(reason(errno));
    std::unique_ptr<DIR, CloseDirectory> stream(fdopendir(own.get()));
    if (!stream) return fail_internal(reason(errno));
    own.release();  // the stream closes it
    std::vector<std::string> names;
    for (errno = 0; const dirent* found = readdir(stream.get()); errno = 0) {
      const std::string_view name = found->d_name;
      if (name == "." || name == "..") continue;
      if (entries_ == limits_.entries_max) {
        notes_.add(path_.empty() ? "." : path_,
                   fmt::format("more than {} entries: the rest is left out", limits_.entries_max));
        break;
      }
      ++entries_;
      names.emplace_back(name);
    }
    if (errno != 0) return fail_internal(reason(errno));
    std::sort(names.begin(), names.end());
    return names;
  }

  const TreeLimits& limits_;
  Notes& notes_;
  const TreeVisit& visit_;
  std::string path_;
  std::size_t entries_ = 0;
};

}  // namespace

Result<os::Fd> open_job_directory(const os::Path& trusted, const os::Path& below) {
  os::Fd at(open(trusted.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (auto part = below.begin(); at && part != below.end(); ++part)
    at.reset(openat(at.get(), part->c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (at) return at;
  const std::string what = "cannot open the directory " + (trusted / below).string();
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
    return fail(ErrorKind::not_found, "NoSuchDirectory", what + ": " + reason(errno));
  return fail_errno(what);
}

Result<> walk_tree(const os::Fd& root, const TreeLimits& limits, Notes& notes,
                   const TreeVisit& visit) {
  if (!root) return {};
  return Walker(limits, notes, visit).enter(root.get(), 1);
}

Result<OpenedFile> open_visited(const TreeEntry& entry) {
  // O_NONBLOCK: a FIFO put in the file's place must not hold us.
  os::Fd fd(openat(entry.directory, entry.name,
                   O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return fail_errno("cannot be opened");
  OpenedFile file{std::move(fd), {}};
  if (fstat(file.fd.get(), &file.status) != 0) return fail_errno("cannot be looked at");
  if (!S_ISREG(file.status.st_mode)) return fail_internal("is no regular file any more");
  return file;
}

Result<TreeSize> tree_size(const os::Fd& root, const TreeLimits& limits) {
  TreeSize size;
  Notes unused;
  TRY(walk_tree(root, limits, unused, [&](const TreeEntry& entry) -> Result<> {
    ++size.entries;
    if (!S_ISREG(entry.status.st_mode)) return {};
    const auto length = static_cast<std::uint64_t>(entry.status.st_size);
    size.length = length > UINT64_MAX - size.length ? UINT64_MAX : size.length + length;
    size.bytes += std::min<std::uint64_t>(entry.status.st_size, entry.status.st_blocks * 512);
    return {};
  }));
  return size;
}

}  // namespace trainyard::agent
