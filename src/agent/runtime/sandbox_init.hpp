#pragma once
/// Pid 1 of a sandbox: our own code in the cloned child, never another program. It builds the root,
/// waits, runs the user's process, reaps whatever is left to it, and ends everything when that
/// process ends or the agent does. Its memory is a copy of the agent's, so it makes itself
/// unreadable to the job before anything of the job's runs.

#include "agent/runtime/sandbox_plan.hpp"
#include "os/seccomp.hpp"

#include <span>

namespace trainyard::agent {

/// What it is made from, all prepared before the clone: it may not allocate. Descriptors are
/// numbers; the agent's copies have owners of their own.
struct InitContext {
  const SandboxPlan* plan = nullptr;
  std::span<int> trees;    ///< those that the agent copied, else -1
  std::span<int> devices;  ///< a place for each of the plan's
  const os::SyscallFilter* filter = nullptr;

  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* search_path = nullptr;  ///< PATH of `environment`
  const char* working_directory = nullptr;
  const char* hostname = nullptr;
  std::uint16_t door_port = 0;  ///< 0: no listener

  int control = -1;       ///< socket of sandbox_messages.hpp
  int lifeline = -1;      ///< read end; its end of file means that the agent is gone
  int output_read = -1;   ///< of the one output pipe
  int output_write = -1;  ///< stdout and stderr of the user's process
  int log = -1;           ///< where what is in the pipe goes when the agent is gone; -1: nowhere
  int agents_control = -1, agents_lifeline = -1;  ///< the agent's ends, closed first
};

/// Never returns. In the child of os::clone_process() only.
[[noreturn]] void run_init(const InitContext& context) noexcept;

}  // namespace trainyard::agent
