#pragma once
/// The kernel's mount calls that work on descriptors (open_tree(2), fsopen(2), move_mount(2)),
/// thin.
///
/// All of these run in a cloned child that may not allocate: they answer as system calls do, -1 and
/// errno, and use no memory but the stack's. Targets are paths under `root` and never lead out of
/// it; a symbolic link anywhere in one is an error (ELOOP), because whoever filled the directory
/// may have put it there.

#include <cstddef>

namespace trainyard::os {

struct TreeFlags {
  bool read_only = true;
  bool devices = false;  ///< device files work; set-user-id never does
};
/// A private copy of the mounts at `source` and below, attached nowhere: a descriptor. Needs
/// CAP_SYS_ADMIN over the caller's mount namespace.
int clone_tree(const char* source, TreeFlags flags) noexcept;
/// The same of `below`, a path in the directory `root`: a symbolic link or ".." on the way to it
/// that leads out of `root` is an error (EXDEV).
int clone_tree_within(const char* root, const char* below, TreeFlags flags) noexcept;
/// What clone_tree_within() would copy, as a descriptor (O_PATH).
int open_within(const char* root, const char* below) noexcept;

/// Attaches what clone_tree() or make_filesystem() gave at `target`, which exists.
int attach(int tree, int root, const char* target) noexcept;

/// What the kernel says beyond errno.
struct MountMessage {
  char text[192] = {};
};
struct FilesystemFlags {
  bool executable = true;
  bool read_only = false;
  bool devices = false;  ///< device files work; set-user-id never does
};
/// A new file system, attached nowhere: a descriptor. `options` are "key=value" and "key", between
/// commas; values hold no comma.
int make_filesystem(const char* type, const char* options, FilesystemFlags flags,
                    MountMessage& message) noexcept;

/// Opens a directory or file under `root` (O_PATH).
int open_under(int root, const char* target) noexcept;
/// Makes the directory `target` and its parents; those that exist stay as they are.
int make_directory_under(int root, const char* target, unsigned mode) noexcept;
/// Makes the regular file `target` and its directories; one that exists stays as it is. A writable
/// descriptor, or one of a file that existed.
int make_file_under(int root, const char* target, unsigned mode) noexcept;
int make_link_under(int root, const char* target, const char* text) noexcept;

/// Makes the current directory, a mount point, the root of this mount namespace and lets go of the
/// old root.
int enter_root() noexcept;

}  // namespace trainyard::os
