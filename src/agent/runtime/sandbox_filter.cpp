#include "agent/runtime/sandbox_filter.hpp"

#include <cerrno>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace trainyard::agent {
namespace {

using Compare = os::SyscallRule::Compare;

constexpr std::uint64_t new_namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS |
                                         CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;

}  // namespace

// Most of these fail anyway, for want of a capability: the filter is the second wall, and it keeps
// a job away from kernel code that a training script has no use for.
//
// Allowed on purpose: ptrace and process_vm_readv (debuggers, py-spy; they reach the job's own
// processes only), clone3 (threads; its flags cannot be seen by a filter, but no user namespace may
// be made inside and without one the other namespaces need a capability that is gone),
// set_mempolicy, mbind and move_pages (NUMA placement), memfd_create, personality (debuggers turn
// address randomisation off), seccomp itself.
const std::vector<os::SyscallRule>& sandbox_rules() {
  static const std::vector<os::SyscallRule> rules{
      // The view of files is ours to make.
      {"mount", EPERM},
      {"umount2", EPERM},
      {"pivot_root", EPERM},
      {"open_tree", EPERM},
      {"open_tree_attr", EPERM},
      {"move_mount", EPERM},
      {"mount_setattr", EPERM},
      {"fsopen", EPERM},
      {"fsconfig", EPERM},
      {"fsmount", EPERM},
      {"fspick", EPERM},
      {"swapon", EPERM},
      {"swapoff", EPERM},
      {"quotactl", EPERM},
      {"quotactl_fd", EPERM},
      {"name_to_handle_at", EPERM},  // with the next: a way around paths
      {"open_by_handle_at", EPERM},
      {"fanotify_init", EPERM},
      // No namespaces inside.
      {"setns", EPERM},
      {"unshare", EPERM, 0, Compare::any_bit, new_namespaces},
      {"clone", EPERM, 0, Compare::any_bit, new_namespaces},
      // One user and group is all there is; the same answer as root and as an ordinary user.
      {"setgroups", EPERM},
      // Large, young or leaky parts of the kernel. io_uring also passes a filter by: what it does
      // is not a system call. Its users fall back to epoll when it is missing.
      {"bpf", EPERM},
      {"perf_event_open", EPERM},
      {"userfaultfd", EPERM},
      {"io_uring_setup", ENOSYS},
      {"io_uring_enter", ENOSYS},
      {"io_uring_register", ENOSYS},
      // Keys know no user namespace's borders well: the host's session keyring would be seen.
      {"add_key", EPERM},
      {"request_key", EPERM},
      {"keyctl", EPERM},
      // The machine.
      {"kexec_load", EPERM},
      {"kexec_file_load", EPERM},
      {"init_module", EPERM},
      {"finit_module", EPERM},
      {"delete_module", EPERM},
      {"reboot", EPERM},
      {"acct", EPERM},
      {"syslog", EPERM},
      {"settimeofday", EPERM},
      {"clock_settime", EPERM},
      {"adjtimex", EPERM},
      {"clock_adjtime", EPERM},
      {"iopl", EPERM},
      {"ioperm", EPERM},
      {"vhangup", EPERM},
      {"nfsservctl", EPERM},
      {"lookup_dcookie", EPERM},
      // Keys typed into somebody's terminal.
      {"ioctl", EPERM, 1, Compare::equal, TIOCSTI},
      {"ioctl", EPERM, 1, Compare::equal, TIOCLINUX},
      // Sockets: local, IPv4, IPv6 and netlink, which is where programs read their interfaces.
      // Not: vsock (the hypervisor), AF_ALG, raw packets and the rest of the rare families.
      {"socket", EAFNOSUPPORT, 0, Compare::between, AF_INET + 1, AF_INET6 - 1},
      {"socket", EAFNOSUPPORT, 0, Compare::between, AF_INET6 + 1, AF_NETLINK - 1},
      {"socket", EAFNOSUPPORT, 0, Compare::above, AF_NETLINK},
  };
  return rules;
}

}  // namespace trainyard::agent
