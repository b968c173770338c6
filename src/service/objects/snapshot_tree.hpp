#pragma once
/// A directory tree of links to blobs, being made. Files come in their keys' order, so that the
/// directory at hand is mostly the right one.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "service/objects/blobs.hpp"
#include "service/store/objects.hpp"

#include <string>
#include <string_view>

namespace trainyard::objects {

/// Directories 0755, of the jobs' user. Not synced: it is of use as long as nothing crashed.
class SnapshotTree {
public:
  /// Makes the directory `path`, which must not exist.
  static Result<SnapshotTree> make(const os::Path& path, const Blobs& blobs);

  /// Links the object's content at `place`, a relative path without "." and "..". Kind `conflict`
  /// where a file and a directory would have one name.
  Result<> add(std::string_view place, const store::LinkedObject& object);
  /// Makes the directory `place`, which ends in a slash.
  Result<> add_directory(std::string_view place);

private:
  SnapshotTree(os::Fd root, os::Fd blobs, Owner owner)
      : root_(std::move(root)), blobs_(std::move(blobs)), owner_(owner) {}
  /// The directory of that name ("" or "a/b/"), made where it is missing.
  Result<int> enter(std::string_view directory);
  Result<> copy(const std::string& blob, int directory, const std::string& name);

  os::Fd root_, blobs_, at_;
  std::string at_name_;
  Owner owner_;
};

}  // namespace trainyard::objects
