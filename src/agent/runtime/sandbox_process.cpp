#include "agent/runtime/sandbox_process.hpp"

#include "os/namespaces.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr rlim_t descriptors_max = 1u << 20;  // more, and programs that close them all stand still
constexpr int first_free = 10;                // above every number that the process is to have
constexpr std::size_t program_bytes_max = 4096;

struct ExecReport {
  Word::Stage stage;
  int error;
};

[[noreturn]] void report_and_exit(int report, Word::Stage stage) noexcept {
  const ExecReport text{stage, errno};
  [[maybe_unused]] const ssize_t n = ::write(report, &text, sizeof text);
  ::_exit(127);
}

void reset_signals() noexcept {
  for (int signal = 1; signal < NSIG; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void set_limits(std::uint64_t processes_max) noexcept {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max = std::min(files.rlim_max, descriptors_max);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  if (processes_max != 0) {
    const rlimit processes{processes_max, processes_max};
    ::setrlimit(RLIMIT_NPROC, &processes);
  }
}

// execve() for each directory of the search path, as execvp(3) does but for its shell.
void execute(const InitContext& c) noexcept {
  const char* name = c.argv[0];
  if (std::strchr(name, '/')) {
    ::execve(name, c.argv, c.environment);
    return;
  }
  const std::size_t name_size = std::strlen(name);
  bool was_denied = false;
  for (const char* at = c.search_path; at;) {
    const char* end = std::strchr(at, ':');
    const std::size_t size = end ? std::size_t(end - at) : std::strlen(at);
    char program[program_bytes_max];
    if (size > 0 && size + name_size + 2 <= sizeof program) {
      std::memcpy(program, at, size);
      program[size] = '/';
      std::memcpy(program + size + 1, name, name_size + 1);
      ::execve(program, c.argv, c.environment);
      if (errno == EACCES) was_denied = true;
      if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return;
    }
    at = end ? end + 1 : nullptr;
  }
  errno = was_denied ? EACCES : ENOENT;
}

[[noreturn]] void become_process(const InitContext& c, int report) noexcept {
  const int out = ::fcntl(c.output_write, F_DUPFD_CLOEXEC, first_free);
  report = ::fcntl(report, F_DUPFD_CLOEXEC, first_free);
  const int opened = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int in = ::fcntl(opened, F_DUPFD_CLOEXEC, first_free);
  if (out < 0 || in < 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0)
    report_and_exit(report, Word::Stage::process);
  ::syscall(SYS_close_range, 3u, ~0u, 1u << 2);  // CLOSE_RANGE_CLOEXEC
  ::setsid();
  set_limits(c.plan->processes_max);
  if (::chdir(c.working_directory) != 0) report_and_exit(report, Word::Stage::directory);
  if (os::install_filter(*c.filter) != 0) report_and_exit(report, Word::Stage::filter);
  reset_signals();
  execute(c);
  report_and_exit(report, Word::Stage::execute);
}

}  // namespace

pid_t launch_process(const InitContext& context, Word& failure) noexcept {
  int report[2];
  pid_t pid = -1;
  if (::pipe2(report, O_CLOEXEC) == 0) pid = os::clone_process(0, nullptr);
  if (pid < 0) {
    failure.stage = Word::Stage::process;
    failure.error = errno;
    return -1;
  }
  if (pid == 0) become_process(context, report[1]);
  ::close(report[1]);
  ExecReport text{};
  ssize_t n = 0;
  do
    n = ::read(report[0], &text, sizeof text);
  while (n < 0 && errno == EINTR);
  ::close(report[0]);
  if (n != ssize_t(sizeof text)) return pid;
  failure.stage = text.stage;
  failure.error = text.error;
  ::waitpid(pid, nullptr, 0);
  return -1;
}

}  // namespace trainyard::agent
