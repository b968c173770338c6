#include "os/capabilities.hpp"

#include <cerrno>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trainyard::os {

int keep_capabilities(std::uint64_t keep) noexcept {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -1;
  for (unsigned long n = 0; n < 64; ++n) {
    if (keep >> n & 1) continue;
    if (::prctl(PR_CAPBSET_DROP, n, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;  // past the kernel's last one
    return -1;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  for (unsigned half = 0; half < 2; ++half) {
    data[half].permitted = std::uint32_t(keep >> (32 * half));
    data[half].effective = data[half].permitted;
  }
  return int(::syscall(SYS_capset, &header, data));
}

int forbid_new_privileges() noexcept {
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

}  // namespace trainyard::os
