#pragma once
/// The kernel's side of a file system that is served by this process (linux/fuse.h, protocol 7.31
/// to 7.45), thin: a mount that is attached nowhere, and messages. What messages mean is the
/// server's.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/mounts.hpp"

#include <cstdint>
#include <span>
#include <sys/types.h>

namespace trainyard::os {

/// Whether one could be mounted now, which is tried: by this process where it is root, else by a
/// child in user and mount namespaces of its own. An error says what is in the way and, where that
/// is known, how to cure it.
Result<> can_mount_fuse();

/// A mounted file system and the descriptor its messages come by. When the latter is closed all
/// that waits for an answer fails, and so does what is asked later.
struct FuseMount {
  Fd device;  ///< /dev/fuse, non-blocking
  Fd mount;   ///< as of fsmount(2): read-only, without devices and set-user-id programs
};
/// `name` is its source in /proc/mounts. All may use it who are in this process's user namespace or
/// one below. Files may be lent (lend_file()) only by the machine's root.
Result<FuseMount> mount_fuse(const char* name);
/// The same without allocation, for a cloned child: FuseMount::mount, with `device` set, which the
/// kernel takes only if it was opened in the user namespace that mounts. -1, errno and `message`.
int make_fuse(const char* name, int& device, MountMessage& message) noexcept;

/// Lets the kernel read ahead so far in its files. Best effort.
void set_fuse_read_ahead(int mount, std::uint64_t bytes);

/// The next message, into `buffer`. 0: none now; kind `unavailable`: the file system is gone.
Result<std::size_t> receive_fuse(int device, std::span<char> buffer);

/// Answers the message `unique`: an errno, or 0 and `body`. One that was given up meanwhile is
/// fine. Thread-safe.
void answer_fuse(int device, std::uint64_t unique, int error, std::span<const char> body = {});

/// Lends the kernel an open file, for it to be read without asking here (protocol 7.40). The id to
/// open with, which lasts until take_back(); 0 where this kernel, or this file, does not allow it.
std::int32_t lend_file(int device, int file);
void take_back(int device, std::int32_t id);

}  // namespace trainyard::os
