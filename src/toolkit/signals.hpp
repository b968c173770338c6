#pragma once
/// Signals that this process is sent and the script is meant: a stop's SIGTERM, Ctrl-C, SIGUSR1.
///
/// They go to the whole process group of the running child, so that a script behind /bin/sh gets
/// them too. While no child runs (a download, say) they end this process, also where it is process
/// 1, which the kernel would shield.

#include <sys/types.h>

namespace trainyard::toolkit {

/// In effect while it lives; SIGPIPE is ignored from then on. One a process: handlers are the
/// process's own.
class SignalForwarding {
public:
  SignalForwarding();
  ~SignalForwarding();
  SignalForwarding(const SignalForwarding&) = delete;
  SignalForwarding& operator=(const SignalForwarding&) = delete;

  /// Holds signals back until it goes: between fork and forward_to() none may be lost.
  class Held {
  public:
    Held();
    ~Held();
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
  };

  /// From now on to this group; 0: to nobody.
  void forward_to(pid_t group);
  /// Whether a signal that asks to end was passed on.
  bool was_asked_to_end() const;
};

}  // namespace trainyard::toolkit
