#pragma once
/// Walks a directory tree that a hostile job filled. Every name is opened from its directory's
/// descriptor and never through a symbolic link, so the walk cannot be led out of the tree, also
/// not by a job that renames and links while it runs.

#include "agent/outputs/notes.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <sys/stat.h>

namespace trainyard::agent {

struct TreeLimits {
  std::size_t entries_max = 2'000'000;  ///< what comes later in order is left out, with a note
  std::size_t depth_max = 200;          ///< a descriptor is held open for each level
};

/// One thing in the tree. Valid during the visit only.
struct TreeEntry {
  const std::string& path;  ///< from the root, '/' between, no "./"
  int directory;            ///< descriptor of the directory that holds it
  const char* name;         ///< in that directory
  const struct stat& status;
};

using TreeVisit = std::function<Result<>(const TreeEntry&)>;

/// Opens the directory `below` (relative, may be "") of `trusted`, a directory of ours. What is
/// below belongs to the job, so no component of it may be a symbolic link. An error of kind
/// not_found if it does not exist or is no directory: to an upload, both mean that there is
/// nothing.
Result<os::Fd> open_job_directory(const os::Path& trusted, const os::Path& below);

/// Visits all below `root` (nothing, if it is no descriptor) but `root` itself, a directory before
/// what is in it, names in byte order: the same tree is always visited in the same order. A
/// directory that cannot be read and what is past a limit becomes a note. The only errors are those
/// that `visit` returned.
Result<> walk_tree(const os::Fd& root, const TreeLimits& limits, Notes& notes,
                   const TreeVisit& visit);

/// A regular file opened for reading, and its status as of then.
struct OpenedFile {
  os::Fd fd;
  struct stat status{};
};
/// Opens a visited entry; an error if it is no regular file (any more) or may not be read.
Result<OpenedFile> open_visited(const TreeEntry& entry);

struct TreeSize {
  std::uint64_t entries = 0;  ///< of any kind
  std::uint64_t bytes = 0;    ///< of regular files, as allocated: holes do not count
  std::uint64_t length = 0;   ///< of regular files, holes and all
};
Result<TreeSize> tree_size(const os::Fd& root, const TreeLimits& limits);

}  // namespace trainyard::agent
