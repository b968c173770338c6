#pragma once
/// Processes in namespaces of their own, and who they are outside.

#include "base/result.hpp"
#include "os/process.hpp"

#include <cstdint>
#include <sys/types.h>

namespace trainyard::os {

/// fork() with CLONE_NEW* `flags`; the child's pid, 0 in the child, -1 and errno. `pidfd`, unless
/// null, is set in the parent. Bypasses the C library: in the child only system calls are safe (no
/// allocation: another thread may have held the lock), until it executes a program.
pid_t clone_process(std::uint64_t flags, int* pidfd) noexcept;

/// Makes `uid` and `gid` of our own user namespace the 0 of that of `child`, and nothing else. A
/// caller who is not privileged can only map itself, and gives setgroups up for the child.
Result<> map_single_user(pid_t child, uid_t uid, gid_t gid);

/// A process told from a later one that got the same pid: its start in clock ticks since boot
/// (field 22 of /proc/PID/stat, proc_pid_stat(5)).
Result<std::uint64_t> start_ticks(pid_t pid);

/// The pid of its parent (field 4); 0 where that is in no namespace of ours.
Result<pid_t> parent_of(pid_t pid);

/// Opens the process if it is still the one that started at `ticks`; kind `not_found` otherwise.
Result<Child> open_process(pid_t pid, std::uint64_t ticks);

/// Waits until the process has ended (a zombie counts), at most `timeout_ms` (-1: for ever). False:
/// it lives.
Result<bool> wait_until_ended(const Fd& pidfd, int timeout_ms);

/// Brings up `lo` of the calling process's network namespace. -1 and errno. No allocation.
int bring_up_loopback() noexcept;

/// A listener on 127.0.0.1:`port` of the calling process's network namespace, non-blocking and
/// close-on-exec. -1 and errno. No allocation.
int listen_on_loopback_port(std::uint16_t port) noexcept;

}  // namespace trainyard::os
