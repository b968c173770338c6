#include "os/process.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

struct Prepared {  // everything the child needs, made before the fork: it may not allocate
  std::vector<char*> argv, envp;
  std::vector<std::pair<int, int>> fds;
  const char* program;
  const char* directory;
  int report;
  bool new_session;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts)
    out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

[[noreturn]] void report_and_exit(int report) {
  const int error = errno;
  [[maybe_unused]] const auto n = ::write(report, &error, sizeof error);
  ::_exit(127);
}

// In the child between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(Prepared& p) {
  if (p.new_session) ::setsid();
  for (int s = 1; s < NSIG; ++s)
    ::signal(s, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // Move what is passed on above every target number first, so that no dup2 overwrites a source.
  int top = 3;
  for (const auto& [from, to] : p.fds)
    top = std::max(top, to + 1);
  const int report = ::fcntl(p.report, F_DUPFD_CLOEXEC, top);
  for (auto& [from, to] : p.fds) {
    from = ::fcntl(from, F_DUPFD_CLOEXEC, top);
    if (from < 0) report_and_exit(report);
  }
  const int null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int n = 0; n < 3; ++n)
    ::dup2(null_fd, n);
  ::syscall(SYS_close_range, 3u, ~0u, 1u << 2);  // CLOSE_RANGE_CLOEXEC: the rest goes at exec
  for (const auto& [from, to] : p.fds)
    if (::dup2(from, to) < 0) report_and_exit(report);
  if (*p.directory && ::chdir(p.directory) != 0) report_and_exit(report);
  ::execve(p.program, p.argv.data(), p.envp.data());
  report_and_exit(report);
}

}  // namespace

Result<Child> spawn(const SpawnSpec& spec) {
  Pipe report = TRY(make_pipe());
  Prepared p{pointers(spec.arguments), pointers(spec.environment), spec.fds,
             spec.program.c_str(),     spec.directory.c_str(),     report.write.get(),
             spec.new_session};
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_PIDFD;
  args.pidfd = std::uint64_t(reinterpret_cast<std::uintptr_t>(&pidfd));
  args.exit_signal = SIGCHLD;
  pid_t pid = pid_t(::syscall(SYS_clone3, &args, sizeof args));
  // The seccomp filters of container engines hide clone3, whose flags they cannot see.
  if (pid < 0 && errno == ENOSYS) pid = ::fork();
  if (pid < 0) return fail_errno("start " + spec.program);
  if (pid == 0) become(p);
  if (pidfd < 0) pidfd = int(::syscall(SYS_pidfd_open, pid, 0));
  Child child{pid, Fd(pidfd)};
  report.write.reset();
  int error = 0;
  const std::size_t n = TRY(
      read_some(report.read.get(), {reinterpret_cast<char*>(&error), sizeof error}, "exec report"));
  if (n == 0) return child;
  TRY(wait(child));
  return fail_errno("start " + spec.program, error);
}

Result<ExitStatus> wait(const Child& child) {
  int status = 0;
  while (::waitpid(child.pid, &status, 0) < 0)
    if (errno != EINTR) return fail_errno("wait for process " + std::to_string(child.pid));
  if (WIFSIGNALED(status)) return ExitStatus{0, WTERMSIG(status)};
  return ExitStatus{WEXITSTATUS(status), 0};
}

Result<std::optional<ExitStatus>> try_wait(const Child& child) {
  siginfo_t info{};
  if (::waitid(P_PID, id_t(child.pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0)
    return fail_errno("look at process " + std::to_string(child.pid));
  if (info.si_pid == 0) return std::optional<ExitStatus>();
  return std::optional<ExitStatus>(TRY(wait(child)));
}

Result<> send_signal(const Child& child, int signal) {
  if (::syscall(SYS_pidfd_send_signal, child.pidfd.get(), signal, nullptr, 0) != 0 &&
      errno != ESRCH)
    return fail_errno("signal process " + std::to_string(child.pid));
  return {};
}

}  // namespace trainyard::os
