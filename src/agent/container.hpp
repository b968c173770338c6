#pragma once
/// From an instance's spec to the container it runs in: a pure function.

#include "agent/runtime/runtime.hpp"
#include "os/files.hpp"
#include "os/link_tree.hpp"
#include "wire/instance/spec.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace trainyard::agent {

/// What the plan needs of this machine, gathered by the agent.
struct MachineFacts {
  std::uint64_t memory_bytes =
      0;                        ///< of the machine: /dev/shm is half of it (or of the job's limit)
  std::uint16_t door_port = 0;  ///< 0: no door
  os::Path toolkit;             ///< trainyard-train beside the running binary
  std::string network_interface = "eth0";   ///< the one that is really there
  os::Path devices = "/dev";                ///< where this machine has those of its GPUs
  std::vector<os::Path> driver_files = {};  ///< driver_files(), where the base root lacks them
};

/// The instance's directory, as the agent lays it out. One place owns every path.
struct InstancePaths {
  os::Path directory;
  os::Path lock() const { return directory / "lock"; }
  os::Path reaper_lock() const { return directory / "reaper"; }
  os::Path spec() const { return directory / "spec.json"; }
  os::Path exit_record() const { return directory / "exit.json"; }
  os::Path ml() const { return directory / "ml"; }                    ///< is /opt/ml inside
  os::Path checkpoints() const { return directory / "checkpoints"; }  ///< is LocalPath inside
  /// Of a directory that is synced and lies at `local_path` inside.
  os::Path synced(const std::string& local_path) const;
  os::Path scratch() const { return directory / "scratch"; }  ///< the runtime's
  os::Path fetched() const { return directory / "fetched"; }  ///< channels, as trees of links
  /// Where what was not stored stays when the instance is gone.
  os::Path kept() const {
    return directory.parent_path().parent_path() / "kept" / directory.filename();
  }
  os::Path packages_socket() const { return directory / "packages.sock"; }
  os::Path packages() const { return directory / "packages"; }  ///< being installed
  os::Path packages_scratch() const { return directory / "packages-scratch"; }
};

/// The id of the container that installs packages for an instance.
inline std::string packages_id(const std::string& instance) {
  return instance + ".packages";
}

/// Whose the job's files are, as this machine knows users.
inline os::Owner owner_of(const wire::InstanceSpec& spec) {
  return {uid_t(spec.HostUid), gid_t(spec.HostGid)};
}

/// Whether a channel's files are of somebody else of this machine than the job's (owned_tree.hpp).
inline bool is_anothers(const wire::ChannelSpec& channel, os::Owner job) {
  return channel.OwnerUid != 0 &&
         (uid_t(channel.OwnerUid) != job.uid || gid_t(channel.OwnerGid) != job.gid);
}

/// Where the container sees a channel.
os::Path channel_inside(const std::string& name);

/// Mounts, variables, command and limits of the container. `trees` are channels that this agent
/// serves, by name: Mount::tree, or -1 for Mount::Kind::fuse; and those that are another's.
SandboxSpec plan_container(const wire::InstanceSpec& spec, const InstancePaths& paths,
                           const MachineFacts& facts, const std::map<std::string, int>& trees = {});

}  // namespace trainyard::agent
