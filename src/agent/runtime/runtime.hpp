#pragma once
/// What the user's process is put in. A Runtime knows nothing of jobs, channels or AWS: a root,
/// mounts, variables and limits go in; an exit and its cause come out. Optional powers (exec into a
/// running container, GPU partitions) will be interfaces of their own, found by query, never
/// "unsupported" bodies.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace trainyard::agent {

/// One thing of the host's, or a fresh one, that the container sees at `target`.
struct Mount {
  enum class Kind {
    bind,     ///< `source` at `target`; read_only makes it recursively so
    overlay,  ///< `source` (a directory) below, writes go to a private upper; nosuid, nodev
    tmpfs,    ///< an empty memory file system of at most size_bytes
    tree,     ///< `tree`, as it is
    fuse,     ///< a FUSE file system, read-only, made inside: its server gets Running::devices
  };
  Kind kind = Kind::bind;
  os::Path source;  ///< host path; unused for tmpfs, tree and fuse
  os::Path target;  ///< absolute path inside
  bool read_only = true;
  bool optional = false;  ///< a source that does not exist is left out
  std::uint64_t size_bytes = 0;
  /// Where it is given: a directory above `source` that belongs to others, who may have put
  /// symbolic links there. One on the way to `source` that leads out of it is refused.
  os::Path within = {};
  /// A mount that is attached nowhere yet (fsmount(2)): the caller's, and seen in one container.
  int tree = -1;
  bool is_served = true;  ///< of a tree: its files come from this process
};

enum class Network {
  host,  ///< the machine's own: no boundary
  none,  ///< its own namespace with `lo` up and nothing else
};

struct Limits {
  double cpus = 0;                 ///< cores' worth of time; 0 = none
  std::uint64_t memory_bytes = 0;  ///< 0 = none
  std::uint64_t pids_max = 0;      ///< 0 = none
};

struct SandboxSpec {
  std::string id;    ///< names it on this machine: "<job>.<attempt>.<n>"
  os::Path scratch;  ///< a directory of the agent's, for uppers and work files; freed by destroy()
  uid_t host_uid = 0;  ///< who the processes are outside; inside they are 0. Never 0 itself.
  gid_t host_gid = 0;
  /// Whose programs, libraries and settings the container sees: a directory with a whole Linux root
  /// in it, or, empty, this machine. What lies in it may be hostile: no link in it leads out.
  os::Path root;
  std::string hostname;  ///< also in /etc/hosts, with `aliases`
  std::vector<std::string> aliases;
  std::vector<Mount> mounts;             ///< applied in order of target depth, over the base root
  std::vector<std::string> argv;         ///< argv[0] is looked up on PATH of `environment` inside
  std::vector<std::string> environment;  ///< "NAME=value"; nothing is inherited
  std::string working_directory = "/";
  Network network = Network::host;
  std::uint16_t door_port =
      0;  ///< for Network::none: where door_listener listens inside; 0 = no door
  Limits limits;
  std::uint64_t shm_bytes = 0;  ///< size of /dev/shm
  os::Path log;                 ///< raw.log: pid 1 drains the output pipe here if the agent dies
};

/// How the container ended. Exactly one of code and signal tells of the user's own process.
struct Exit {
  int code = 0;                         ///< its exit code when signal is 0
  int signal = 0;                       ///< what killed it, or 0
  bool out_of_memory = false;           ///< the kernel's memory killer struck in this container
  bool counts_memory_kills = false;     ///< it would be known if it had
  std::uint64_t memory_peak_bytes = 0;  ///< 0 where it cannot be known
  bool setup_failed = false;            ///< the user's process never ran; `message` says why
  bool unrunnable = false;              ///< setup failed, for the program itself cannot be run
  std::string message = {};
};

/// What a runtime can do here, for doctor and the job's log.
struct RuntimeInfo {
  std::string name;
  bool limits_memory = false, limits_cpu = false, limits_pids = false;
  std::string note;  ///< what is missing and how to cure it; empty when nothing is
};

/// A started container. Owns the right to watch it, not its life: destroying this object leaves the
/// container running, destroy() ends it.
struct Running {
  os::Fd exited;  ///< a pidfd of its pid 1: readable once everything inside is gone
  os::Fd output;  ///< read end of the one pipe that is stdout and stderr of the user's process
  pid_t init = -1;
  /// Private to the runtime that made it: control channel to pid 1 and lifeline.
  os::Fd control, lifeline;
  /// For Network::none: a listener on 127.0.0.1:SandboxSpec::door_port inside, made before the
  /// user's process begins, for the agent's door; else none.
  os::Fd door_listener;
  /// Of each Mount::Kind::fuse, by its target: what /dev/fuse gives, non-blocking. Nothing inside
  /// waits for an answer before start(). When it is closed whoever reads there gets an error.
  std::map<os::Path, os::Fd> devices;
  os::Fd processes;  ///< with devices: its /proc (O_PATH), whose numbers the kernel tells by them
};

/// Every call is idempotent by SandboxSpec::id. Not thread-safe: an agent is one thread.
class Runtime {
public:
  virtual ~Runtime() = default;
  virtual RuntimeInfo describe() const = 0;
  /// Builds the container and holds it just before the user's process: nothing of the user's runs
  /// yet.
  virtual Result<Running> prepare(const SandboxSpec& spec) = 0;
  /// Lets the user's process begin. Once.
  virtual Result<> start(Running& running) = 0;
  /// Sends `signal` to the user's process group (pid 1 forwards it); one that ended is fine.
  virtual Result<> signal(Running& running, int signal) = 0;
  /// Kills all of it at once. `exited` follows.
  virtual Result<> kill(Running& running) = 0;
  /// Blocks until it is over (instant when `exited` is readable) and says how it ended.
  virtual Result<Exit> wait(Running& running) = 0;
  /// Removes every trace: processes, cgroups, mounts, scratch. Also for a container that this
  /// process did not start (its agent died), and for one that is gone already.
  virtual Result<> destroy(const std::string& id, const os::Path& scratch) = 0;
};

}  // namespace trainyard::agent
