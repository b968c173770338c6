#pragma once
/// Contents of objects: one file a content, named by what is in it, shared by every key that has
/// it.
///
///   <root>/ab/s-ab12…     stored in one piece: SHA-256 of the content
///   <root>/cd/m-cd34…     multipart: SHA-256 of the parts' SHA-256s
///   <root>/tmp/           being written, being removed; emptied at start
///   <root>/uploads/       parts of multipart uploads (uploads.hpp)
///
/// A blob is whole and lasting before its row is written: its file is synced, gets its name, and
/// the directory is synced. It goes once no row refers to it (collect.hpp). A blob is never
/// changed.

#include "base/pool.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "os/link_tree.hpp"
#include "service/objects/file_system.hpp"
#include "service/objects/md5_hasher.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace trainyard::objects {

/// Error code of a blob that a row named and that is gone: the row changed meanwhile, read it anew.
inline constexpr const char* blob_gone = "BlobGone";

/// Who owns the files. A service that is root gives them to the user that its jobs are.
using os::Owner;

/// A file that is removed when this goes, unless it was published.
class TempFile {
public:
  TempFile(os::Fd fd, os::Path path, FileSystem& files)
      : fd_(std::move(fd)), path_(std::move(path)), files_(&files) {}
  TempFile(TempFile&& other) noexcept
      : fd_(std::move(other.fd_)), path_(std::exchange(other.path_, {})), files_(other.files_) {}
  TempFile& operator=(TempFile&&) = delete;
  ~TempFile();

  int fd() const { return fd_.get(); }
  const os::Path& path() const { return path_; }
  /// It has another name now, or another owner.
  void keep() { path_.clear(); }

private:
  os::Fd fd_;
  os::Path path_;
  FileSystem* files_;
};

/// All of it is thread-safe.
class Blobs {
public:
  /// Makes the directories where they are missing and empties tmp/.
  static Result<std::unique_ptr<Blobs>> open(const os::Path& root, Owner owner,
                                             FileSystem& files = real_file_system());
  /// Waits for removals that have begun.
  ~Blobs();
  Blobs(const Blobs&) = delete;
  Blobs& operator=(const Blobs&) = delete;

  /// A new file in tmp/.
  Result<TempFile> create();
  /// A new file at `path`: mode 0644, of the right owner, open for reading and writing.
  Result<os::Fd> create_at(const os::Path& path);

  /// Keeps a blob from being removed, from before it is looked for until its row is written.
  class Pin {
  public:
    Pin(Blobs& blobs, std::string name);
    ~Pin();
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    const std::string& name() const { return name_; }

  private:
    Blobs& blobs_;
    std::string name_;
  };
  using PinPtr = std::shared_ptr<const Pin>;

  /// Makes `file`, whose content is `name`'s, that blob; where the blob exists already the file is
  /// dropped. Syncs file and directory: afterwards a row may name it. Blocks.
  Result<PinPtr> publish(TempFile file, const std::string& name);
  /// The same for a file that keeps its own name too, and is synced.
  Result<PinPtr> publish_link(const os::Path& file, std::uint64_t size, const std::string& name);

  /// Opens a blob for reading. An error with code `blob_gone` if it does not exist, an internal one
  /// if its size is not `size`.
  Result<os::Fd> open_blob(const std::string& name, std::uint64_t size) const;

  /// "ab/s-ab12…", below root().
  static std::string relative_path(std::string_view name);
  const os::Path& root() const { return root_; }
  os::Path uploads() const { return root_ / "uploads"; }
  Owner owner() const { return owner_; }
  FileSystem& files() { return files_; }
  /// For the bodies that become contents.
  Md5Hasher& md5_hasher() { return md5_hasher_; }

  /// While it lives nothing is removed: for who reads rows and uses blobs by name afterwards.
  class Hold {
  public:
    explicit Hold(Blobs& blobs);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

  private:
    Blobs& blobs_;
  };

  /// Removes these, which no row refers to (and none will but through a pin), soon and on another
  /// thread; those that are pinned or held by then are put off. For collect() only.
  void remove_unreferenced(const std::vector<std::string>& names);
  /// For the next collect() to look at.
  void put_off(std::vector<std::string> names);
  std::vector<std::string> take_put_off();
  /// Removes files soon, on another thread.
  void remove_soon(std::vector<os::Path> paths);
  /// Returns once all that is to be removed is. For tests.
  void drain() { sweeper_.drain(); }
  /// Names of all blobs whose fan-out directory is `fan` (0 to 255).
  Result<std::vector<std::string>> names_in(unsigned fan) const;

private:
  Blobs(os::Path root, Owner owner, FileSystem& files);
  os::Path path_of(std::string_view name) const { return root_ / relative_path(name); }
  os::Path temp_path();
  Result<bool> has_blob(const std::string& name, std::uint64_t size) const;
  void remove_doomed(const std::string& name);

  os::Path root_;
  Owner owner_;
  FileSystem& files_;
  std::mutex mutex_;
  std::uint64_t temp_count_ = 0;
  std::size_t holds_ = 0;
  std::map<std::string, std::size_t> pins_;
  std::set<std::string> doomed_;  // to be removed; a pin takes its name out
  std::set<std::string> put_off_;
  Pool sweeper_{1, 1'000'000};
  Md5Hasher md5_hasher_;
};

/// "s-" or "m-" and 64 lower-case hexadecimal digits.
bool is_blob_name(std::string_view name);

}  // namespace trainyard::objects
