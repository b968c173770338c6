#pragma once
/// Control groups, version 1 and 2, where this process may make them. Thin: a group is a directory,
/// a limit is a file.
///
/// Version 1 (cgroups(7)): a hierarchy a controller, groups under "<mount>/trainyard", which only
/// root can make. Version 2: one hierarchy, where a group with processes may not limit its
/// children. A service whose own group is a leaf named "service" below one that was delegated to it
/// makes its groups beside the leaf (systemd 254 and newer: Delegate=yes,
/// DelegateSubgroup=service); else root makes "/trainyard". It never moves itself into such a leaf:
/// once the group above has controllers on, a service that systemd starts again could not enter it.

#include "base/result.hpp"
#include "os/files.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace trainyard::os {

/// The directories that groups can be made in, by controller; "" where none can.
struct CgroupHost {
  int version = 0;  ///< 1 or 2; 0: no controller at all
  Path memory, cpu, pids;
};

/// Where to look; a test names a tree of its own.
struct CgroupView {
  Path mountinfo = "/proc/self/mountinfo";
  Path membership = "/proc/self/cgroup";
};

/// Finds the directories. Never fails: what cannot be used is left out. (As root on version 2 it
/// makes "/trainyard": only then it shows which controllers that gets.)
CgroupHost find_cgroups(const CgroupView& view = {});

struct CgroupLimits {
  double cpus = 0;                 ///< cores' worth of time; 0 = none
  std::uint64_t memory_bytes = 0;  ///< swap included; 0 = none
  std::uint64_t pids_max = 0;      ///< processes and threads; 0 = none
};

/// Makes the group `name` (a plain file name) in each directory, with its limits. Idempotent.
Result<> make_cgroup(const CgroupHost& host, const std::string& name, const CgroupLimits& limits);
/// Puts the process, which has one thread, into the group.
Result<> enter_cgroup(const CgroupHost& host, const std::string& name, pid_t pid);
/// Kills what is left in it and removes it. A group that does not exist is fine.
Result<> remove_cgroup(const CgroupHost& host, const std::string& name);

/// What the group used. Nothing where it cannot be known.
struct CgroupUse {
  std::optional<std::uint64_t> memory_peak_bytes;  ///< page cache included
  std::optional<std::uint64_t> memory_kills;       ///< by the kernel's memory killer
};
CgroupUse cgroup_use(const CgroupHost& host, const std::string& name);

}  // namespace trainyard::os
