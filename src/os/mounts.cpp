#include "os/mounts.hpp"

#include "os/openat2.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

constexpr std::size_t target_bytes_max = 4096;
constexpr std::size_t options_bytes_max = 1024;

void close_and_keep_errno(int fd) noexcept {
  const int error = errno;
  ::close(fd);
  errno = error;
}

int open_resolved(int root, const char* target, int flags, unsigned mode) noexcept {
  open_how how{};
  how.flags = std::uint64_t(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return openat2_again(root, target, how);
}

// Opens the directory that `target` is in, making what is missing; `name` becomes its last part.
int open_parent(int root, const char* target, const char** name) noexcept {
  char path[target_bytes_max];
  const std::size_t size = std::strlen(target);
  if (size >= sizeof path) return errno = ENAMETOOLONG, -1;
  std::memcpy(path, target, size + 1);
  char* last = std::strrchr(path, '/');
  if (!last) {
    *name = target;
    return ::fcntl(root, F_DUPFD_CLOEXEC, 0);
  }
  *last = 0;
  *name = target + (last - path) + 1;
  int fd = open_resolved(root, path, O_PATH | O_DIRECTORY, 0);
  if (fd >= 0 || errno != ENOENT) return fd;
  if (make_directory_under(root, path, 0755) != 0) return -1;
  return open_resolved(root, path, O_PATH | O_DIRECTORY, 0);
}

// One configuration call for each option between commas, which become ends of text.
int configure(int context, char* options) noexcept {
  for (char* at = options; *at;) {
    char* end = std::strchr(at, ',');
    char* next = end ? end + 1 : at + std::strlen(at);
    if (end) *end = 0;
    char* value = std::strchr(at, '=');
    if (value) *value++ = 0;
    const unsigned command = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
    if (::fsconfig(context, command, at, value, 0) != 0) return -1;
    at = next;
  }
  return ::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
}

constexpr unsigned clone_flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | unsigned(AT_RECURSIVE);

int set_flags(int tree, TreeFlags flags) noexcept {
  if (tree < 0) return -1;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID;
  if (!flags.devices) attributes.attr_set |= MOUNT_ATTR_NODEV;
  if (flags.read_only) attributes.attr_set |= MOUNT_ATTR_RDONLY;
  attributes.propagation = MS_PRIVATE;  // or what the host mounts later would show inside
  if (::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0)
    return close_and_keep_errno(tree), -1;
  return tree;
}

}  // namespace

int open_within(const char* root, const char* below) noexcept {
  const int directory = ::open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return -1;
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const int fd = openat2_again(directory, below, how);
  close_and_keep_errno(directory);
  return fd;
}

int clone_tree(const char* source, TreeFlags flags) noexcept {
  return set_flags(::open_tree(AT_FDCWD, source, clone_flags), flags);
}

int clone_tree_within(const char* root, const char* below, TreeFlags flags) noexcept {
  const int fd = open_within(root, below);
  if (fd < 0) return -1;
  const int tree = ::open_tree(fd, "", clone_flags | unsigned(AT_EMPTY_PATH));
  close_and_keep_errno(fd);
  return set_flags(tree, flags);
}

int attach(int tree, int root, const char* target) noexcept {
  const int at = open_under(root, target);
  if (at < 0) return -1;
  const int rc = ::move_mount(tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  close_and_keep_errno(at);
  return rc;
}

int make_filesystem(const char* type, const char* options, FilesystemFlags flags,
                    MountMessage& message) noexcept {
  char text[options_bytes_max];
  const std::size_t size = std::strlen(options);
  if (size >= sizeof text) return errno = ENAMETOOLONG, -1;
  std::memcpy(text, options, size + 1);
  const int context = ::fsopen(type, FSOPEN_CLOEXEC);
  if (context < 0) return -1;
  unsigned attributes = MOUNT_ATTR_NOSUID;
  if (!flags.devices) attributes |= MOUNT_ATTR_NODEV;
  if (!flags.executable) attributes |= MOUNT_ATTR_NOEXEC;
  if (flags.read_only) attributes |= MOUNT_ATTR_RDONLY;
  int mount = -1;
  if (configure(context, text) == 0) mount = ::fsmount(context, FSMOUNT_CLOEXEC, attributes);
  const int error = errno;
  if (mount < 0) {  // a line of the context's log, "e TEXT"; none on older kernels
    const ssize_t n = ::read(context, message.text, sizeof message.text - 1);
    message.text[n > 0 ? n : 0] = 0;
  }
  ::close(context);
  errno = error;
  return mount;
}

int open_under(int root, const char* target) noexcept {
  return open_resolved(root, target, O_PATH, 0);
}

int make_directory_under(int root, const char* target, unsigned mode) noexcept {
  const char* name = nullptr;
  const int parent = open_parent(root, target, &name);
  if (parent < 0) return -1;
  int rc = ::mkdirat(parent, name, mode);
  if (rc != 0 && errno == EEXIST) {
    const int there = open_resolved(parent, name, O_PATH | O_DIRECTORY, 0);
    rc = there < 0 ? -1 : 0;
    if (there >= 0) ::close(there);
  }
  close_and_keep_errno(parent);
  return rc;
}

int make_file_under(int root, const char* target, unsigned mode) noexcept {
  const char* name = nullptr;
  const int parent = open_parent(root, target, &name);
  if (parent < 0) return -1;
  int fd = open_resolved(parent, name, O_WRONLY | O_CREAT | O_EXCL, mode);
  if (fd < 0 && (errno == EEXIST || errno == EROFS)) fd = open_resolved(parent, name, O_PATH, 0);
  close_and_keep_errno(parent);
  return fd;
}

int make_link_under(int root, const char* target, const char* text) noexcept {
  const char* name = nullptr;
  const int parent = open_parent(root, target, &name);
  if (parent < 0) return -1;
  const int rc = ::symlinkat(text, parent, name);
  close_and_keep_errno(parent);
  return rc;
}

int enter_root() noexcept {
  // pivot_root(2), "pivot_root(\".\", \".\")": the old root lies on the new one and is let go
  // there.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return -1;
  if (::umount2(".", MNT_DETACH) != 0) return -1;
  return ::chdir("/");
}

}  // namespace trainyard::os
