#pragma once
/// A directory tree of hard links to contents that lie elsewhere, being made. Files come in their
/// paths' order, so that the directory at hand is mostly the right one.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace trainyard::os {

/// Whose files are, where this process is root.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// What a file of the tree is: a file that is never changed.
struct Content {
  int directory = -1;
  std::string path;  ///< relative to it, or absolute
  std::string name;  ///< the same for the same content
};

/// Directories 0755, of `owner`. Names are not synced: what a power cut leaves of it is not whole.
class LinkTree {
public:
  /// Makes a copy of a content last, where a copy had to be made. May be empty.
  using Sync = std::function<Result<>(int fd, const Path& what)>;
  /// Makes the directory `path`, which must not exist.
  static Result<LinkTree> make(const Path& path, Owner owner, Sync sync);

  /// Links the content at `place`, a relative path without "." and "..". Kind `conflict` where a
  /// file and a directory would have one name, `not_found` where the content is gone.
  Result<> add(std::string_view place, const Content& content);
  /// Makes the directory `place`, which ends in a slash.
  Result<> add_directory(std::string_view place);

private:
  LinkTree(Fd root, Owner owner, Sync sync)
      : root_(std::move(root)), owner_(owner), sync_(std::move(sync)) {}
  /// The directory of that name ("" or "a/b/"), made where it is missing.
  Result<int> enter(std::string_view directory);
  Result<> add_copy(const Content& content, std::string_view place, int directory,
                    const std::string& name);
  Result<> copy(const Content& content, int directory, const std::string& name);

  Fd root_, at_;
  std::string at_name_;
  Owner owner_;
  Sync sync_;
  std::map<std::string, std::string> copies_;  // of a content: where its last copy is
};

}  // namespace trainyard::os
