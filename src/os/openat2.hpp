#pragma once
/// openat2(2) of paths that may not lead out of a directory.

#include <cerrno>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trainyard::os {

/// A descriptor, or -1 and errno. The kernel gives up with EAGAIN behind a ".." where anybody on
/// the machine renames or mounts something in that moment, and says nothing of the path by it: it
/// is asked again, so often at most. No allocation.
inline int openat2_again(int directory, const char* path, const open_how& how) noexcept {
  constexpr int tries = 1000;
  int fd = -1;
  for (int n = 0; n < tries; ++n) {
    fd = int(::syscall(SYS_openat2, directory, path, &how, sizeof how));
    if (fd >= 0 || errno != EAGAIN) break;
  }
  return fd;
}

}  // namespace trainyard::os
