#pragma once
/// A sandbox as data: which trees of the host it sees, and the steps that build its root. Made by a
/// pure function from what was asked for and what the host is; sandbox_apply.hpp carries it out.

#include "agent/runtime/runtime.hpp"
#include "os/cgroups.hpp"

#include <string>
#include <vector>

namespace trainyard::agent {

/// One entry of a host directory, and what it is.
struct HostEntry {
  std::string name;
  bool directory = false;
  std::string link;  ///< where it points, if it is a symbolic link
};

/// What SandboxSpec::mounts[n].source is.
struct SourceFacts {
  bool exists = false;
  bool directory = false;
  bool device = false;
};

/// What a plan needs to know of this machine.
struct HostFacts {
  uid_t uid = 0;  ///< who the agent is
  gid_t gid = 0;
  std::vector<HostEntry> root;       ///< of "/", those that system_directories() names
  std::vector<HostEntry> etc;        ///< of "/etc", those that system_settings() names
  std::vector<HostEntry> opt;        ///< these three of SandboxSpec::root alone, whose
  std::string passwd, group;         ///< entries are all but the sandbox's own
  std::vector<std::string> devices;  ///< of "/dev", those that plain_devices() names
  std::string resolver;              ///< text of /etc/resolv.conf
  os::CgroupHost cgroups;
  std::vector<SourceFacts> sources;  ///< one for each of the spec's mounts
};

/// What of "/", "/etc" and "/dev" any sandbox may see: names, sorted.
const std::vector<std::string>& system_directories();
const std::vector<std::string>& system_settings();
const std::vector<std::string>& plain_devices();

/// Asks the machine. Reads and changes nothing else.
Result<HostFacts> gather_facts(const SandboxSpec& spec);

/// A part of the host, copied (its mounts, not its bytes) before anything is built.
struct Tree {
  os::Path source;
  bool read_only = true;
  bool devices = false;
  os::Path within = {};  ///< as Mount::within
  int given = -1;        ///< Mount::tree: nothing is copied
};

/// One step. Targets are relative to the new root and never lead through a symbolic link.
struct Step {
  enum class Action {
    directory,  ///< make `target` and what is above it
    file,       ///< make `target` holding `text`
    link,       ///< make `target` a symbolic link to `text`
    attach,     ///< put tree number `tree` on `target`, made if missing (`directory` tells as what)
    filesystem,  ///< put a new one of `type` with the options `text` on `target`
    fuse,        ///< put one on `target` whose requests come by number `device` of the plan's
    detach,      ///< take away what was attached to `target`, and `target`
    sysctl,      ///< write `text` into the existing file `target`
  };
  Action action = Action::directory;
  std::string target;
  std::string text;
  std::string type;
  unsigned mode = 0755;
  int tree = -1;
  int device = -1;
  bool directory = true;
  bool executable = true;  ///< filesystem: programs on it can be run
  bool read_only = false;  ///< filesystem: attached read-only
  bool devices = false;    ///< filesystem: device files on it work
  bool optional = false;   ///< a failure is passed over
};

/// A directory on disk that is the container's own, made for its user before it starts.
struct OwnDirectory {
  std::string path;  ///< under own_directory() of the scratch
  unsigned mode = 0755;
};

struct SandboxPlan {
  uid_t host_uid = 0;
  gid_t host_gid = 0;
  std::uint64_t namespaces = 0;   ///< CLONE_NEW* flags
  bool trees_by_agent = false;    ///< the agent (root) copies the trees; else the child does
  std::vector<OwnDirectory> own;  ///< in order: parents first
  std::vector<Tree> trees;
  std::vector<os::Path> devices;  ///< of FUSE file systems: Mount::target of each
  std::vector<Step> steps;
  std::uint64_t processes_max = 0;  ///< as RLIMIT_NPROC, where no group counts them; 0 = none
  os::CgroupLimits limits;
};

/// Where the new root is mounted while it is built: a directory that every machine has. All trees
/// are copied before, so nothing that it hides is missed.
inline constexpr const char* building_root = "/usr";

/// Where the container's own directories lie.
os::Path own_directory(const os::Path& scratch);

/// Of the root file system, which is in memory and small: /tmp, /var/tmp and /root are on disk.
inline constexpr const char* root_options = "size=64m,nr_inodes=65536,mode=0755";
inline constexpr std::size_t mounts_max = 256;

/// Pure. Refuses (kind `invalid`) a spec that would make host user 0 of the job, that an ordinary
/// user's agent cannot carry out, or whose names and paths are malformed; `not_found` for a source
/// that is missing and not optional.
Result<SandboxPlan> build_plan(const SandboxSpec& spec, const HostFacts& facts);

}  // namespace trainyard::agent
