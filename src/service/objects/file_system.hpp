#pragma once
/// The file operations that make contents last, and nothing else. A test replaces them to learn
/// what a power cut would have left: content that was not synced, names whose directory was not.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"

namespace trainyard::objects {

/// The real ones. Thread-safe, stateless. Errors name the path.
class FileSystem {
public:
  virtual ~FileSystem() = default;
  /// Makes a new file, open for reading and writing; one that exists is an error.
  virtual Result<os::Fd> create(const os::Path& path);
  /// Content and attributes are on the disk when it returns. The name need not be.
  virtual Result<> sync(int fd, const os::Path& path);
  /// Replaces what has the name `to`.
  virtual Result<> rename(const os::Path& from, const os::Path& to);
  /// A second name for a file; that `to` exists already is an error of kind `conflict`.
  virtual Result<> link(const os::Path& from, const os::Path& to);
  /// The directory's names are on the disk when it returns.
  virtual Result<> sync_directory(const os::Path& path);
  /// A file that does not exist is fine.
  virtual Result<> remove(const os::Path& path);
};

FileSystem& real_file_system();

}  // namespace trainyard::objects
