#pragma once
/// What of a bucket a channel takes, as it was at one moment, as a directory: hard links to blobs,
/// so it costs names and no bytes, and no later PUT or DELETE shows in it.
///
///   <root>/<name>/        a snapshot; `name` is made of what was selected, of the state that it
///                         was in, so jobs over unchanged data share one, and of the machine's boot
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
#include "wire/instance/sequence.hpp"

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::objects {

/// Objects of a bucket, in an order.
struct Selection {
  std::string bucket, prefix;
  /// Whole keys that begin with the prefix, in this order; without them all that do, by key.
  std::optional<std::vector<std::string>> keys = {};
  /// Of several hosts that share the objects, whose part: of the objects in their order every
  /// `hosts`-th one, from the `host`-th on. Directory markers are every host's.
  std::int64_t host = 0, hosts = 1;
  std::string manifest = {};  ///< for people: what names the keys
};

/// How they lie in the snapshot's directory.
enum class Form {
  tree,      ///< each at its place_in_channel()
  sequence,  ///< one after the other, under no names (wire/instance/sequence.hpp)
};

/// One record of a sequence that was put together: an object's content, or a text.
struct Piece {
  std::string bucket, key;
  std::optional<std::string> text;
  std::string name;           ///< for people: where it comes from
  bool is_elsewhere = false;  ///< the bucket is not the store's own: its agent fetches the object
};

/// Thread-safe.
class Snapshots {
public:
  /// Removes what a crash left half built. `boot` is the machine's.
  Snapshots(os::Path root, Blobs& blobs, store::Readers& readers, const Clock& clock,
            std::string boot = os::boot_id());

  /// The directory with the selected objects. Blocks: links what is not linked yet. Errors:
  /// `not_found` when nothing is there or a key is missing, `invalid` for a key that can be no file
  /// of a tree, each naming it.
  Result<std::string> snapshot(const Selection& selection, Form form);
  /// The same for a sequence whose units are these.
  Result<std::string> sequence(const std::vector<std::vector<Piece>>& units);
  /// The same with a unit an item, for what has no content here.
  Result<std::string> index(const std::vector<wire::SequenceItem>& items);

  /// Removes those that were last used before, an hour ago at the latest, or only counts them.
  std::uint64_t prune(Time before, bool only_look);

private:
  /// Builds into a directory that does not exist yet, and says what its name is to be.
  using Build = std::function<Result<std::string>(const os::Path& path)>;
  /// The directory named `name` if it is there, else what `build` makes.
  Result<std::string> known_or_built(const std::string& name, const Build& build);
  std::string name_of(std::string_view state) const;
  Result<std::string> state_of(store::Snapshot& s, const Selection& selection, Form form) const;
  Result<std::string> build(const Selection& selection, Form form, const os::Path& path);
  Result<> build_tree(store::Snapshot& s, const Selection& selection, const os::Path& path);
  Result<> build_sequence(store::Snapshot& s, const Selection& selection, const os::Path& path);
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
/// Pure. An error (`invalid`) for a key that would lead elsewhere or can be no file's name, as one
/// that ends in a slash cannot where there is content; a `size` below 0 is not known yet.
Result<std::string> place_in_channel(std::string_view key, std::string_view prefix,
                                     std::int64_t size);

}  // namespace trainyard::objects
