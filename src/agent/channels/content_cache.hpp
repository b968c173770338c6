#pragma once
/// Contents that were fetched from elsewhere, kept for all jobs of this machine: a file a content,
/// named by what distinguishes it. Jobs have hard links to them, so what goes from here is lost to
/// no job that has it.
///
///   <root>/kept/ab/<name>          on the disk for good
///   <root>/fresh-<boot>/ab/<name>  whole, but a power cut may take it: gone with that boot
///
/// A content is whole before it gets its name, as no other process ever sees it half written.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "os/link_tree.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace trainyard::agent {

/// Thread-safe; any number of processes may work on one root.
class ContentCache {
public:
  /// Makes what is missing of `root`, and removes what an earlier boot left unfinished.
  static Result<ContentCache> open(os::Path root, os::Owner owner, std::uint64_t bytes_max,
                                   const std::string& boot = os::boot_id());

  /// The content, open for reading; from now on it is the one that was used last.
  std::optional<os::Fd> find(const std::string& name) const;
  /// A file without a name, for reading and writing, of the jobs' user.
  Result<os::Fd> create() const;
  /// Names what was created. Another process that was quicker has the same.
  Result<> keep(const os::Fd& file, const std::string& name) const;

  /// Makes what is whole last, and removes what was used least lately until all of it has at most
  /// `bytes_max` and a twentieth of the disk is free. Waits for the disk.
  Result<> settle() const;
  /// Only the latter, also of what is not lasting yet, and with `bytes` more to come. Looks at all
  /// that is kept.
  void make_room(std::uint64_t bytes) const;
  /// Whether the disk has no room for so many more. Cheap.
  bool lacks_room(std::uint64_t bytes) const;
  /// Of the whole disk that it lies on; 0 where nobody tells.
  std::uint64_t disk_bytes() const;

private:
  ContentCache(os::Path root, os::Owner owner, std::uint64_t bytes_max, const std::string& boot)
      : root_(std::move(root)), fresh_(root_ / ("fresh-" + boot)), owner_(owner),
        bytes_max_(bytes_max) {}

  os::Path root_, fresh_;
  os::Owner owner_;
  std::uint64_t bytes_max_;
};

}  // namespace trainyard::agent
