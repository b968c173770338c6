#include "toolkit/signals.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <signal.h>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr std::array<int, 7> forwarded = {SIGTERM, SIGINT,  SIGHUP,  SIGQUIT,
                                          SIGUSR1, SIGUSR2, SIGWINCH};

// A handler can reach nothing else. Lock-free, as it must be.
std::atomic<pid_t> group = 0;
std::atomic<bool> asked_to_end = false;
static_assert(std::atomic<pid_t>::is_always_lock_free);

std::array<struct sigaction, forwarded.size()> before;

bool asks_to_end(int signal) {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

void pass_on(int signal) {
  const int kept_errno = errno;
  if (const pid_t to = group.load()) {
    if (asks_to_end(signal)) asked_to_end = true;
    ::kill(-to, signal);
  } else if (signal != SIGWINCH) {
    ::_exit(128 + signal);
  }
  errno = kept_errno;
}

sigset_t forwarded_set() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : forwarded)
    ::sigaddset(&set, signal);
  return set;
}

}  // namespace

SignalForwarding::SignalForwarding() {
  ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an errno, not the end
  struct sigaction action{};
  action.sa_handler = pass_on;
  action.sa_mask = forwarded_set();
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < forwarded.size(); ++i) {
    ::sigaction(forwarded[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) ::sigaction(forwarded[i], &action, nullptr);
  }
}

SignalForwarding::~SignalForwarding() {
  for (std::size_t i = 0; i < forwarded.size(); ++i)
    ::sigaction(forwarded[i], &before[i], nullptr);
}

SignalForwarding::Held::Held() {
  const sigset_t set = forwarded_set();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

SignalForwarding::Held::~Held() {
  const sigset_t set = forwarded_set();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void SignalForwarding::forward_to(pid_t to) {
  group = to;
  if (to != 0) asked_to_end = false;
}

bool SignalForwarding::was_asked_to_end() const {
  return asked_to_end;
}

}  // namespace trainyard::toolkit
