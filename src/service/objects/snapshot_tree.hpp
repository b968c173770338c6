#pragma once
/// A directory tree of links to blobs, being made. Files come in their keys' order, so that the
/// directory at hand is mostly the right one.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "service/objects/blobs.hpp"
#include "service/store/objects.hpp"

#include <map>
#include <string>
#include <string_view>

namespace trainyard::objects {

/// Directories 0755, of the jobs' user. Names are not synced, contents are: what a power cut leaves
/// of it is not whole, but no file in it is half.
class SnapshotTree {
public:
  /// Makes the directory `path`, which must not exist.
  static Result<SnapshotTree> make(const os::Path& path, Blobs& blobs);

  /// Links the object's content at `place`, a relative path without "." and "..". Kind `conflict`
  /// where a file and a directory would have one name.
  Result<> add(std::string_view place, const store::LinkedObject& object);
  /// Makes the directory `place`, which ends in a slash.
  Result<> add_directory(std::string_view place);

private:
  SnapshotTree(os::Fd root, os::Fd blobs, Owner owner, FileSystem& files)
      : root_(std::move(root)), blobs_(std::move(blobs)), owner_(owner), files_(files) {}
  /// The directory of that name ("" or "a/b/"), made where it is missing.
  Result<int> enter(std::string_view directory);
  Result<> add_copy(const std::string& blob, std::string_view place, int directory,
                    const std::string& name);
  Result<> copy(const std::string& blob, int directory, const std::string& name);

  os::Fd root_, blobs_, at_;
  std::string at_name_;
  Owner owner_;
  FileSystem& files_;
  std::map<std::string, std::string> copies_;  // of a blob: where its last copy is
};

}  // namespace trainyard::objects
