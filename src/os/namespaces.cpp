#include "os/namespaces.hpp"

#include "os/files.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

// A number of /proc/PID/stat. The name, field 2, may hold spaces and parentheses: fields are
// counted from its last ')'. The state, field 3, is a letter.
Result<std::uint64_t> stat_field(pid_t pid, int number) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const std::string text = TRY(read_file(path, 4096));
  std::size_t at = text.rfind(')');
  for (int field = 2; at != std::string::npos && field < number; ++field)
    at = text.find(' ', at + 1);
  std::uint64_t out = 0;
  if (at == std::string::npos ||
      std::from_chars(text.data() + at + 1, text.data() + text.size(), out).ec != std::errc())
    return fail_internal("read " + path + ": its field " + std::to_string(number) +
                         " is no number");
  return out;
}

}  // namespace

pid_t clone_process(std::uint64_t flags, int* pidfd) noexcept {
  clone_args args{};
  args.flags = flags | (pidfd ? CLONE_PIDFD : 0);
  args.pidfd = std::uint64_t(reinterpret_cast<std::uintptr_t>(pidfd));
  args.exit_signal = SIGCHLD;
  return pid_t(::syscall(SYS_clone3, &args, sizeof args));
}

Result<> map_single_user(pid_t child, uid_t uid, gid_t gid) {
  const std::string proc = "/proc/" + std::to_string(child);
  // Only setgroups "deny" lets an ordinary user map a group. A privileged parent leaves it open so
  // that the child can drop the parent's groups.
  if (::geteuid() != 0) TRY(write_file(proc + "/setgroups", "deny"));
  TRY(write_file(proc + "/uid_map", "0 " + std::to_string(uid) + " 1\n"));
  return write_file(proc + "/gid_map", "0 " + std::to_string(gid) + " 1\n");
}

Result<std::uint64_t> start_ticks(pid_t pid) {
  return stat_field(pid, 22);
}

Result<pid_t> parent_of(pid_t pid) {
  return pid_t(TRY(stat_field(pid, 4)));
}

Result<Child> open_process(pid_t pid, std::uint64_t ticks) {
  const auto gone = [&] {
    return fail(ErrorKind::not_found, "InternalFailure",
                "process " + std::to_string(pid) + " has ended");
  };
  Child child{pid, Fd(int(::syscall(SYS_pidfd_open, pid, 0)))};
  if (!child.pidfd && errno == ESRCH) return gone();
  if (!child.pidfd) return fail_errno("open process " + std::to_string(pid));
  // Looked at behind pidfd_open: if it matches now, the pidfd is that process's.
  const auto now = start_ticks(pid);
  if (!now || *now != ticks) return gone();
  return child;
}

Result<bool> wait_until_ended(const Fd& pidfd, int timeout_ms) {
  pollfd fd{pidfd.get(), POLLIN, 0};
  for (;;) {
    const int n = ::poll(&fd, 1, timeout_ms);
    if (n >= 0) return n > 0;
    if (errno != EINTR) return fail_errno("wait for a process");
  }
}

int bring_up_loopback() noexcept {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const int rc = ::ioctl(fd, SIOCSIFFLAGS, &request);
  ::close(fd);
  return rc;
}

int listen_on_loopback_port(std::uint16_t port) noexcept {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(fd, 128) == 0)
    return fd;
  ::close(fd);
  return -1;
}

}  // namespace trainyard::os
