#pragma once
/// Starting and watching processes. A child has one owner, which holds its pidfd.

#include "base/result.hpp"
#include "os/fd.hpp"

#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace trainyard::os {

struct SpawnSpec {
  std::string program;                   ///< a path; not looked up
  std::vector<std::string> arguments;    ///< argv, [0] included
  std::vector<std::string> environment;  ///< "NAME=value"; nothing is inherited
  std::string directory;                 ///< "" = the parent's
  std::vector<std::pair<int, int>>
      fds;                   ///< (ours, the child's number); 0, 1, 2 not named are /dev/null
  bool new_session = false;  ///< setsid: no terminal's Ctrl-C reaches it
};

struct Child {
  pid_t pid = -1;
  Fd pidfd;
};

/// Forks and execs. An exec that fails is reported here, with its errno, not by an exit code.
/// Signal mask and handlers are reset in the child; all other descriptors are closed.
Result<Child> spawn(const SpawnSpec& spec);

/// How a process ended.
struct ExitStatus {
  int code = 0;    ///< its exit code, when signal is 0
  int signal = 0;  ///< what killed it, or 0
};
/// Waits for the child and reaps it. Blocks.
Result<ExitStatus> wait(const Child& child);
/// The same if it has ended already, else nothing.
Result<std::optional<ExitStatus>> try_wait(const Child& child);

/// Sends `signal` to exactly this process; one that has ended is fine.
Result<> send_signal(const Child& child, int signal);

}  // namespace trainyard::os
