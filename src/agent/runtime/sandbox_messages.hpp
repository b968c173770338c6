#pragma once
/// What the agent and a sandbox's pid 1 say to each other, on a SOCK_SEQPACKET pair: one struct a
/// message, both sides the same build of the same program.

#include <cstdint>

namespace trainyard::agent {

/// From the agent.
struct Order {
  enum class Kind : std::uint32_t {
    mapped,  ///< the user ids are mapped and the groups entered: build
    start,   ///< run the user's process
    signal,  ///< send `value` to its process group
    kill,    ///< kill everything inside
  };
  Kind kind = Kind::mapped;
  std::int32_t value = 0;
};

/// From pid 1. `ready` may carry one descriptor, the door's listener; `device` and `processes`,
/// which come before it, always do.
struct Word {
  enum class Kind : std::uint32_t {
    ready,      ///< built; nothing of the user's runs
    device,     ///< of a FUSE file system: number `step` of the plan's devices
    processes,  ///< its /proc, behind the devices
    failed,     ///< not built: see stage, step, error, text
    ended,      ///< all over: see status and memory_peak_kib
    no_run,     ///< all over; the program could not be executed: see stage, error
  };
  enum class Stage : std::int32_t {
    identity,    ///< becoming the mapped user
    network,     ///< lo and the door's listener
    tree,        ///< copying tree number `step`
    root,        ///< mounting the new root
    step,        ///< step number `step`
    enter,       ///< pivot_root
    hand_over,   ///< opening /proc for the agent
    privileges,  ///< giving up powers
    process,     ///< forking the user's process
    directory,   ///< its working directory
    filter,      ///< its system call filter
    execute,     ///< execve
  };
  Kind kind = Kind::ready;
  Stage stage = Stage::identity;
  std::int32_t step = 0;
  std::int32_t error = 0;
  std::int32_t status = 0;            ///< as wait(2) gives it, of the user's process
  std::int32_t killed = 0;            ///< 1: the agent asked for SIGKILL
  std::uint64_t memory_peak_kib = 0;  ///< of the largest process
  char text[192] = {};                ///< what the kernel said beyond errno
};

}  // namespace trainyard::agent
