#pragma once
/// Every path of a data directory, in one place. docs/state-directory.md draws the same tree for
/// people.
///
///   state/                     local, never shared; 0700
///     trainyard.db (-wal, -shm)  all rows
///     serve.lock                 held by the one service that runs here: "PID BOOT_ID"
///     credentials                the first access key, for the CLI and `trainyard run`; 0600
///     tls/ca.pem, ca.key         the authority that TLS is by, where it is the service's own; 0600
///     run/agent.sock             agents dial here
///     run/door.sock              what their jobs ask, and uploads, come by here
///     run/gpu/<UUID>             locked by the agent whose instance has that GPU
///     run/client.sock            local clients hand over what only they may: their environment
///   blobs/                     may be shared between machines
///     objects/                   contents of objects, named by them
///     snapshots/                 channels as trees of hard links; a cache
///     logs/<instance>/           raw.log, raw.idx
///   scratch/                   local
///     instances/<instance>/      an agent's directory: spec.json, lock, report.log, exit.json,
///     ml/, ...
///     kept/<instance>/           files of a job whose outputs could not be stored
///     packages/<key>/            what was installed for a requirements.txt; a cache
///     cache/                     contents that agents fetched from buckets elsewhere
///   environments/              what `trainyard envs add --requirements` installed

#include <filesystem>
#include <string>

namespace trainyard::store {

struct DataPaths {
  std::filesystem::path state, blobs, scratch;

  /// All three below one directory, as `--data DIR` says.
  static DataPaths below(const std::filesystem::path& data) {
    return {data / "state", data / "blobs", data / "scratch"};
  }
  auto database() const { return state / "trainyard.db"; }
  auto lock() const { return state / "serve.lock"; }
  auto credentials() const { return state / "credentials"; }
  auto authority() const { return state / "tls/ca.pem"; }
  auto authority_key() const { return state / "tls/ca.key"; }
  auto run() const { return state / "run"; }
  auto agent_socket() const { return run() / "agent.sock"; }
  auto door_socket() const { return run() / "door.sock"; }
  auto client_socket() const { return run() / "client.sock"; }
  auto gpu_locks() const { return run() / "gpu"; }
  auto objects() const { return blobs / "objects"; }
  auto snapshots() const { return blobs / "snapshots"; }
  auto logs() const { return blobs / "logs"; }
  auto log(const std::string& instance) const { return logs() / instance; }
  auto instances() const { return scratch / "instances"; }
  auto kept() const { return scratch / "kept"; }
  auto packages() const { return scratch / "packages"; }
  auto cache() const { return scratch / "cache"; }
  auto environments() const { return state.parent_path() / "environments"; }
};

}  // namespace trainyard::store
