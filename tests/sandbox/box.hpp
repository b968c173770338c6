#pragma once
/// One sandbox of one case of the contract. The cases run as root, whose jobs are an ordinary
/// user's ($TRAINYARD_JOB_UID and _GID), and as an ordinary user, whose jobs are its own.

#include "agent/runtime/sandbox.hpp"
#include "os/process.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

namespace trainyard::agent::contract {

constexpr int patience_ms = 60'000;  ///< a loaded machine is slow; a hang must end

bool is_root();

struct Ended {
  Exit exit;
  std::string output;
};

/// A directory of its own, a runtime and a spec that a case changes as it likes. Ends and removes
/// everything when it goes.
class Box {
public:
  Box();
  ~Box();
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  /// A directory of the job's user beside the scratch, with files of these names and texts.
  os::Path directory(const std::string& name,
                     const std::vector<std::pair<std::string, std::string>>& files = {}) const;
  void mount(Mount::Kind kind, const os::Path& source, const std::string& target,
             bool read_only = false);
  void use_shell(const std::string& script);
  void use_python(const std::string& script);

  /// Fails the case if it cannot be made.
  void prepare();
  void start();
  /// The error of prepare(), which must fail.
  Error refused();
  /// Reads the output until it holds `mark`; what was read so far is kept for finish().
  void await_output(const std::string& mark);
  /// Reads the output to its end and waits for the container's.
  Ended finish();
  /// prepare(), start(), finish().
  Ended run_shell(const std::string& script);
  Ended run_python(const std::string& script);

  os::Path place;  ///< of this case
  SandboxSpec spec;
  std::unique_ptr<SandboxRuntime> runtime;
  Running running;

private:
  std::string read_;
};

/// True once `fd` is readable; waits at most so long.
bool is_readable(int fd, int timeout_ms);

/// Pids of this machine's processes whose arguments contain `mark`.
std::vector<pid_t> processes_with(const std::string& mark);
/// The pids that `pid` is the parent of.
std::vector<pid_t> children_of(pid_t pid);
/// The rest of the line "KEY:" of /proc/PID/status, blanks made one; "" when there is none.
std::string status_of(pid_t pid, const std::string& key);

/// Runs `body` in a forked process that ends with it, and gives the process. As an agent that will
/// be killed: it shares no descriptors with the case but those it inherits.
os::Child fork_agent(const std::function<void()>& body);

}  // namespace trainyard::agent::contract
