#pragma once
/// The user's process, from pid 1's fork to execve. No allocation.

#include "agent/runtime/sandbox_init.hpp"
#include "agent/runtime/sandbox_messages.hpp"

#include <sys/types.h>

namespace trainyard::agent {

/// Runs it in a session of its own: stdin /dev/null, stdout and stderr the output pipe, no other
/// descriptor, signals as a new program expects them. Returns when the program runs, with its pid;
/// -1 with `failure` filled in when it cannot.
pid_t launch_process(const InitContext& context, Word& failure) noexcept;

}  // namespace trainyard::agent
