#include "service/objects/file_system.hpp"

#include <cerrno>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace trainyard::objects {

Result<os::Fd> FileSystem::create(const os::Path& path) {
  return os::open_file(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
}

Result<> FileSystem::sync(int fd, const os::Path& path) {
  return os::sync_fd(fd, path.string());
}

Result<> FileSystem::rename(const os::Path& from, const os::Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return fail_errno("rename " + from.string() + " to " + to.string());
  return {};
}

Result<> FileSystem::link(const os::Path& from, const os::Path& to) {
  if (::link(from.c_str(), to.c_str()) != 0)
    return fail_errno("link " + from.string() + " to " + to.string());
  return {};
}

Result<> FileSystem::sync_directory(const os::Path& path) {
  return os::sync_directory(path);
}

Result<> FileSystem::remove(const os::Path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path.string());
  return {};
}

FileSystem& real_file_system() {
  static FileSystem files;
  return files;
}

}  // namespace trainyard::objects
