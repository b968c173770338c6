#pragma once
/// What lay under a prefix at one moment, as a directory: hard links to blobs, so it costs names
/// and no bytes, and no later PUT or DELETE shows in it.
///
///   <root>/<name>/        a snapshot; `name` is made of bucket, prefix and the prefix's state, so
///                         jobs over unchanged data share one, and of the machine's boot
///   <root>/tmp-<random>/  being built; removed at start
///
/// A cache: what is lost is built again. Its directories are not synced, so none is used again once
/// the machine was started anew: a power cut may have left half of it. Past 64 the one that was
/// used least lately goes, unless that was within the hour or a live job names it.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/files.hpp"
#include "service/objects/blobs.hpp"
#include "service/store/control.hpp"
#include "service/store/objects.hpp"

#include <mutex>
#include <string>
#include <string_view>

namespace trainyard::objects {

/// Thread-safe.
class Snapshots {
public:
  /// Removes what a crash left half built. `boot` is the machine's.
  Snapshots(os::Path root, Blobs& blobs, store::Readers& readers, const Clock& clock,
            std::string boot = os::boot_id());

  /// The directory with everything under `prefix`. Blocks: links what is not linked yet. Errors:
  /// `not_found` when nothing is there, `invalid` for a key that can be no file, naming it.
  Result<std::string> snapshot(const std::string& bucket, const std::string& prefix);

private:
  std::string name_of(const std::string& bucket, const std::string& prefix,
                      const store::PrefixState& state) const;
  /// Into `path`; the name that what was built has.
  Result<std::string> build(const std::string& bucket, const std::string& prefix,
                            const os::Path& path);
  bool use(const os::Path& path);
  bool set_aside(const os::Path& path, const os::Path& to);
  void remove_unused();

  os::Path root_;
  Blobs& blobs_;
  store::Readers& readers_;
  const Clock& clock_;
  std::string boot_;
  std::mutex mutex_;  // what is used and what goes is decided by one at a time
};

/// Where an object under a prefix goes, relative to the channel's directory: what is below the
/// prefix if that names a directory (with or without its slash), else what is below the prefix's
/// last slash. "" for the prefix's own directory marker; with a slash at its end for another one.
/// Pure. An error (`invalid`) for a key that would lead elsewhere or can be no file's name.
Result<std::string> place_in_channel(std::string_view key, std::string_view prefix);

}  // namespace trainyard::objects
