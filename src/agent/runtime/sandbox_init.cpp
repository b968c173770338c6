#include "agent/runtime/sandbox_init.hpp"

#include "agent/runtime/sandbox_apply.hpp"
#include "agent/runtime/sandbox_messages.hpp"
#include "agent/runtime/sandbox_process.hpp"
#include "os/capabilities.hpp"
#include "os/namespaces.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

// What root of a container expects to do to its own files and processes. One host user is all there
// is inside, so none of these reaches anything that is not the job's.
constexpr std::uint64_t kept_capabilities = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE |
                                            1u << CAP_FOWNER | 1u << CAP_FSETID | 1u << CAP_KILL |
                                            1u << CAP_SETGID | 1u << CAP_SETUID |
                                            1u << CAP_NET_BIND_SERVICE | 1u << CAP_SYS_CHROOT;

struct State {
  const InitContext& context;
  int child_ended;     // a signalfd of SIGCHLD
  int control;         // -1 once the agent closed its end
  pid_t process = -1;  // the user's own
  bool began = false;
  Word word{};  // what will be said at the end
};

void say(int control, const Word& word, int descriptor = -1) noexcept {
  iovec part{const_cast<Word*>(&word), sizeof word};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor >= 0) {
    message.msg_control = rights;
    message.msg_controllen = sizeof rights;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ::sendmsg(control, &message, MSG_NOSIGNAL);  // an agent that is gone shows in the lifeline
}

[[noreturn]] void give_up(const InitContext& c, Word word) noexcept {
  word.kind = Word::Kind::failed;
  if (word.error == 0) word.error = errno;
  say(c.control, word);
  ::_exit(1);
}

[[noreturn]] void give_up(const InitContext& c, Word::Stage stage) noexcept {
  Word word;
  word.stage = stage;
  give_up(c, word);
}

// The user that the agent mapped, and no group of the agent's.
void become_user(const InitContext& c) noexcept {
  if (c.plan->trees_by_agent && ::syscall(SYS_setgroups, 0, nullptr) != 0)
    give_up(c, Word::Stage::identity);
  if (::syscall(SYS_setresgid, 0, 0, 0) != 0 || ::syscall(SYS_setresuid, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
      ::sethostname(c.hostname, std::strlen(c.hostname)) != 0)
    give_up(c, Word::Stage::identity);
  ::unshare(CLONE_NEWCGROUP);  // /proc/self/cgroup shows "/": nicer, nothing rests on it
}

// The door's listener or -1.
int set_up_network(const InitContext& c) noexcept {
  if (!(c.plan->namespaces & CLONE_NEWNET)) return -1;
  if (os::bring_up_loopback() != 0) give_up(c, Word::Stage::network);
  if (c.door_port == 0) return -1;
  const int listener = os::listen_on_loopback_port(c.door_port);
  if (listener < 0) give_up(c, Word::Stage::network);
  return listener;
}

void give(const InitContext& c, Word::Kind kind, int step, int descriptor) noexcept {
  Word word;
  word.kind = kind;
  word.step = step;
  say(c.control, word, descriptor);
  ::close(descriptor);
}

// The file systems that the agent is to serve, and where it sees who reads there. None is kept:
// they shall end with the agent.
void hand_over(const InitContext& c) noexcept {
  if (c.devices.empty()) return;
  for (std::size_t n = 0; n < c.devices.size(); ++n)
    give(c, Word::Kind::device, int(n), c.devices[n]);
  const int processes = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (processes < 0) give_up(c, Word::Stage::hand_over);
  give(c, Word::Kind::processes, 0, processes);
}

void close_all_but(std::array<int, 6> kept) noexcept {
  std::sort(kept.begin(), kept.end());
  unsigned next = 0;
  for (const int fd : kept) {
    if (fd < 0) continue;
    if (unsigned(fd) > next) ::syscall(SYS_close_range, next, unsigned(fd) - 1, 0);
    next = unsigned(fd) + 1;
  }
  ::syscall(SYS_close_range, next, ~0u, 0);
}

bool agent_is_gone(const InitContext& c, int timeout_ms) noexcept {
  pollfd fd{c.lifeline, POLLIN, 0};
  return ::poll(&fd, 1, timeout_ms) > 0 && fd.revents != 0;
}

// Without splice() for a file system that cannot do it.
ssize_t copy_some(int from, int to, std::size_t most) noexcept {
  char buffer[1 << 16];
  const ssize_t n = ::read(from, buffer, std::min(most, sizeof buffer));
  for (ssize_t done = 0; done < n;) {
    const ssize_t wrote = ::write(to, buffer + done, std::size_t(n - done));
    if (wrote < 0 && errno != EINTR) return -1;
    if (wrote > 0) done += wrote;
  }
  return n;
}

// What the job wrote and the dead agent did not take. All of the job's writers are dead, so what is
// in the pipe now is all, even if the write end was smuggled out of here to somebody who writes on.
void drain(const InitContext& c) noexcept {
  int left = 0;
  if (c.log < 0 || ::fcntl(c.output_read, F_SETFL, O_NONBLOCK) != 0 ||
      ::ioctl(c.output_read, FIONREAD, &left) != 0)
    return;
  ::lseek(c.log, 0, SEEK_END);
  while (left > 0) {
    const auto most = std::size_t(left);
    ssize_t n = ::splice(c.output_read, nullptr, c.log, nullptr, most, SPLICE_F_NONBLOCK);
    if (n < 0 && errno == EINVAL) n = copy_some(c.output_read, c.log, most);
    if (n == 0 || (n < 0 && errno != EINTR)) return;
    if (n > 0) left -= int(n);
  }
}

// The bytes in the pipe live as long as somebody holds its read end, so pid 1 stays until the agent
// has taken them or is gone. The kernel tells nobody when a pipe runs empty: short looks, at the
// end of a container only, and not for long: an agent that lives holds the read end too, and a pipe
// that was smuggled out never runs empty.
void let_output_be_taken(const InitContext& c) noexcept {
  constexpr int look_ms_max = 32, patience_ms = 3000;
  int look_ms = 1;
  for (int waited_ms = 0; waited_ms < patience_ms; waited_ms += look_ms) {
    int bytes = 0;
    if (agent_is_gone(c, 0)) return drain(c);
    if (::ioctl(c.output_read, FIONREAD, &bytes) != 0 || bytes == 0) return;
    look_ms = std::min(2 * look_ms, look_ms_max);
    if (agent_is_gone(c, look_ms)) return drain(c);
  }
}

void reap(State& s, bool all) noexcept {
  int status = 0;
  for (;;) {
    const pid_t pid = ::waitpid(-1, &status, __WALL | (all ? 0 : WNOHANG));
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return;
    if (pid != s.process) continue;
    s.word.kind = Word::Kind::ended;
    s.word.status = status;
    s.process = -1;
  }
}

[[noreturn]] void end_all(State& s) noexcept {
  if (!s.began) ::close(s.context.output_write);
  ::kill(-1, SIGKILL);  // everyone inside but us; one that is forking sees it before it returns
  reap(s, true);
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  s.word.memory_peak_kib = std::uint64_t(used.ru_maxrss);
  if (s.control >= 0) say(s.control, s.word);
  let_output_be_taken(s.context);
  ::_exit(0);  // the kernel kills and reaps what a hostile job might still have hidden
}

void begin(State& s) noexcept {
  if (s.began) return;
  s.began = true;
  s.process = launch_process(s.context, s.word);
  ::close(s.context.output_write);
  if (s.process >= 0) return;
  s.word.kind = Word::Kind::no_run;
  end_all(s);
}

void obey(State& s) noexcept {
  Order order;
  const ssize_t n = ::recv(s.control, &order, sizeof order, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n != ssize_t(sizeof order)) {  // the agent let go of its handle; the lifeline still counts
    ::close(s.control);
    s.control = -1;
    return;
  }
  if (order.kind == Order::Kind::start) begin(s);
  if (order.kind == Order::Kind::kill ||
      (order.kind == Order::Kind::signal && order.value == SIGKILL))
    s.word.killed = 1;
  if (order.kind == Order::Kind::signal && s.process > 0) ::kill(-s.process, order.value);
  if (order.kind == Order::Kind::kill) end_all(s);
}

[[noreturn]] void serve(State& s) noexcept {
  s.word.kind = Word::Kind::ended;
  s.word.status = SIGKILL;  // until its own end is seen
  for (;;) {
    std::array<pollfd, 3> fds{pollfd{s.context.lifeline, POLLIN, 0},
                              pollfd{s.child_ended, POLLIN, 0}, pollfd{s.control, POLLIN, 0}};
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents != 0) end_all(s);
    if (fds[1].revents != 0) {
      signalfd_siginfo ignored;
      [[maybe_unused]] const ssize_t n = ::read(s.child_ended, &ignored, sizeof ignored);
      reap(s, false);
      if (s.began && s.process < 0) end_all(s);
    }
    if (fds[2].revents != 0) obey(s);
  }
}

}  // namespace

void run_init(const InitContext& c) noexcept {
  ::close(c.agents_control);
  ::close(c.agents_lifeline);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  Order order;
  if (::recv(c.control, &order, sizeof order, 0) != ssize_t(sizeof order)) ::_exit(1);
  become_user(c);
  const int listener = set_up_network(c);
  Word failure;
  if (build_root(*c.plan, c.trees, c.devices, failure) != 0) give_up(c, failure);
  hand_over(c);
  if (os::keep_capabilities(kept_capabilities) != 0 || os::forbid_new_privileges() != 0)
    give_up(c, Word::Stage::privileges);
  close_all_but({c.control, c.lifeline, c.output_read, c.output_write, c.log, listener});
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  State state{c, ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), c.control};
  if (state.child_ended < 0) give_up(c, Word::Stage::process);
  say(c.control, Word{}, listener);
  if (listener >= 0) ::close(listener);
  serve(state);
}

}  // namespace trainyard::agent
