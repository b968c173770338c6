#pragma once
/// SyncedTree, plainly: what lies under a prefix is brought into a directory before training, and
/// what the job wrote there is put under the prefix when it ends or is stopped. Nothing is ever
/// deleted on either side.
///
/// Both sides are distrusted: keys that would leave the directory or clash with another are left
/// out, and so is all in the tree that is no regular file; notes name them.

#include "agent/outputs/notes.hpp"
#include "agent/outputs/tree.hpp"
#include "os/link_tree.hpp"
#include "s3/client.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>

namespace trainyard::agent {

struct SyncReport {
  std::uint64_t files = 0;      ///< that were copied
  std::uint64_t bytes = 0;      ///< in them
  std::uint64_t unchanged = 0;  ///< files that were on both sides already
  Notes notes;
};

/// Opens the job's directory, each time it is looked at: a job may remove it and make it anew. An
/// error of kind `not_found` where there is none.
using OpenDirectory = std::function<Result<os::Fd>()>;

/// Used by one thread.
class SyncedTree {
public:
  /// `prefix` is read as a directory: s3://b/run means the keys that begin with "run/". `owner`
  /// gets what restore() makes; none: the caller's own.
  SyncedTree(s3::Client& client, const s3::Location& prefix, OpenDirectory open,
             std::optional<os::Owner> owner = std::nullopt, TreeLimits limits = {},
             std::uint64_t bytes_max = std::uint64_t(1) << 62);

  /// Copies each object into the directory, over a file of that name. Called before the job runs.
  Result<SyncReport> restore();

  /// Copies each file that is new or differs from its object. A file that is as restore() or the
  /// last sync_up() left it is not read; of others size and MD5 decide. One that changes while it
  /// is copied is noted and copied again by the next call. A file that would bring what one call
  /// copies over `bytes_max` is left out and noted. May run while the job does.
  struct Options {
    bool lists_anew = true;  ///< else what an earlier call saw under the prefix is believed
    /// Told of each directory before what is in it is looked at.
    std::function<void(int directory)> visit_directory = {};
  };
  Result<SyncReport> sync_up(const Options& options);
  Result<SyncReport> sync_up() { return sync_up(Options{}); }

private:
  /// What tells that a file is as it was: the job can set mtime back, but not ctime.
  struct Seen {
    std::uint64_t inode = 0, size = 0;
    timespec modified{}, changed{};
    std::string etag;
  };
  struct Remote {
    std::uint64_t size = 0;
    std::string etag;
  };

  static Seen seen_as(const struct stat& status, std::string etag);
  static bool is_as_seen(const struct stat& status, const Seen& seen);
  Result<std::map<std::string, Remote>> list();
  Result<> restore_object(const s3::Object& object, SyncReport& report);
  Result<os::Fd> make_file(const std::string& path);
  Result<> sync_file(const TreeEntry& entry, SyncReport& report);
  Result<bool> is_unchanged(const OpenedFile& file, const std::string& path,
                            const Remote& remote) const;

  s3::Client& client_;
  s3::Location prefix_;
  OpenDirectory open_;
  os::Fd directory_;  // while one call looks at it
  std::optional<os::Owner> owner_;
  TreeLimits limits_;
  std::uint64_t bytes_max_;
  std::optional<std::map<std::string, Remote>> remote_;  ///< as far as it is known
  std::map<std::string, Seen> seen_;  ///< by path; bounded by TreeLimits::entries_max
};

}  // namespace trainyard::agent
