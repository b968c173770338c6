#include "toolkit/child.hpp"

#include "os/process.hpp"
#include "toolkit/failure.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr std::size_t one_text_bytes_max = 128 << 10;  // the kernel's MAX_ARG_STRLEN, with its NUL
constexpr int pipe_bytes = 1 << 20;
constexpr std::size_t kept_bytes_max = 1 << 20;

Result<> check_size(const std::vector<std::string>& argv) {
  for (const std::string& word : argv)
    if (word.size() >= one_text_bytes_max)
      return too_big("start " + argv[0] + ": an argument of " + std::to_string(word.size()) +
                     " bytes is more than the kernel takes (128 KiB); put large values in a "
                     "channel instead of a hyperparameter");
  return {};
}

// SIGCHLD as something to poll.
class ChildSignal {
public:
  static Result<ChildSignal> open() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    os::Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return fail_errno("watch for the end of child processes");
    return ChildSignal(std::move(fd));
  }
  int fd() const { return fd_.get(); }
  void acknowledge() {
    std::array<signalfd_siginfo, 16> infos;
    while (::read(fd_.get(), infos.data(), sizeof infos) > 0) {
    }
  }

private:
  explicit ChildSignal(os::Fd fd) : fd_(std::move(fd)) {}
  os::Fd fd_;
};

// The pipe of a captured command: everything on to standard output, errors aside.
class Output {
public:
  Output(std::string_view error_class, bool is_kept) : capture_(error_class), is_kept_(is_kept) {}

  Result<int> open() {
    os::Pipe pipe = TRY(os::make_pipe());
    ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(pipe.write.get(), F_SETPIPE_SZ, pipe_bytes);  // a refusal costs speed only
    read_ = std::move(pipe.read);
    write_ = std::move(pipe.write);
    return write_.get();
  }
  void close_write_end() { write_.reset(); }
  int fd() const { return read_.get(); }  // -1 where nothing is captured, or its end was seen
  std::string errors() { return capture_.finish(); }
  std::string kept() { return std::move(kept_); }

  // Takes what is there now; of a flood a bounded part, so that the end of the child is seen.
  void drain() {
    std::array<char, 64 << 10> buffer;
    for (int left = 4 * pipe_bytes / int(buffer.size()); read_ && left > 0; --left) {
      const ssize_t n = ::read(read_.get(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return read_.reset();
      const std::string_view bytes(buffer.data(), std::size_t(n));
      // A reader that went away must not stop the training.
      if (is_wanted_ && !os::write_all(STDOUT_FILENO, bytes, "standard output")) is_wanted_ = false;
      capture_.feed(bytes);
      if (is_kept_) kept_ += bytes;
      if (kept_.size() > 2 * kept_bytes_max) kept_.erase(0, kept_.size() - kept_bytes_max);
    }
  }

private:
  os::Fd read_, write_;
  ErrorCapture capture_;
  std::string kept_;
  bool is_kept_, is_wanted_ = true;
};

// Reaps whoever has ended; the status if `child` was among them.
std::optional<int> reap(pid_t child) {
  std::optional<int> ended;
  int status = 0;
  while (const pid_t pid = ::waitpid(-1, &status, WNOHANG)) {
    if (pid < 0 && errno != EINTR) break;
    if (pid == child) ended = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  return ended;
}

Result<int> watch(pid_t child, ChildSignal& ended, Output& output,
                  const SignalForwarding& signals) {
  std::optional<int> status;
  for (;;) {
    std::array<pollfd, 2> fds = {{{ended.fd(), POLLIN, 0}, {output.fd(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR)
      return fail_errno("wait for the script");
    output.drain();
    ended.acknowledge();
    if (const auto now = reap(child)) status = now;
    const bool group_is_gone = ::kill(-child, 0) != 0 && errno == ESRCH;
    if (status && (!signals.was_asked_to_end() || group_is_gone)) break;
  }
  output.drain();
  return *status;
}

}  // namespace

Result<CommandEnd> run_command(const Command& command, const Variables& variables,
                               SignalForwarding& signals, std::string_view error_class) {
  TRY(check_size(command.argv));
  ChildSignal ended = TRY(ChildSignal::open());
  Output output(error_class, command.keeps_output);
  os::SpawnSpec spec;
  spec.program = command.program.empty() ? command.argv[0] : command.program;
  spec.arguments = command.argv;
  spec.environment = variables.entries();
  spec.directory = command.directory;
  spec.new_session = true;
  spec.fds = {{0, 0}, {1, 1}, {2, 2}};
  if (command.captured || command.keeps_output) {
    const int pipe = TRY(output.open());
    spec.fds = {{0, 0}, {pipe, 1}, {pipe, 2}};
  }
  std::optional<SignalForwarding::Held> held(std::in_place);
  const os::Child child = TRY(os::spawn(spec));
  signals.forward_to(child.pid);
  held.reset();
  output.close_write_end();
  const auto status = watch(child.pid, ended, output, signals);
  signals.forward_to(0);
  if (!status) return Failure(status.error());
  return CommandEnd{*status, command.captured ? output.errors() : "", output.kept()};
}

Result<> check_command(const Command& command, const Variables& variables,
                       SignalForwarding& signals, std::string_view error_class) {
  const auto end = run_command(command, variables, signals, error_class);
  // A captured command that could not be started counts as one that failed, as in the original.
  if (!end && command.captured)
    return command_failed(script_error, "None", "", {end.error().message});
  if (!end) return Failure(end.error());
  if (end->status == 0) return {};
  return command_failed(error_class, std::to_string(end->status), end->errors, command.argv);
}

Result<> adopt_orphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    return fail_errno("adopt orphaned processes");
  return {};
}

}  // namespace trainyard::toolkit
