#pragma once
/// Directories of an instance that are copied to the store while the script runs, and once more
/// when it has ended: checkpoints, which are brought back first, and what else the job's spec
/// names. The kernel tells when something changed in them; nothing is looked at before.

#include "agent/container.hpp"
#include "agent/job_store.hpp"
#include "agent/outputs/synced_tree.hpp"
#include "base/result.hpp"
#include "os/event.hpp"
#include "wire/instance/spec.hpp"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace trainyard::agent {

/// The methods are called in this order, by one thread.
class LiveSync {
public:
  static Result<std::unique_ptr<LiveSync>> open(const wire::InstanceSpec& spec,
                                                const InstancePaths& paths);
  ~LiveSync();
  LiveSync(const LiveSync&) = delete;
  LiveSync& operator=(const LiveSync&) = delete;

  /// Brings what lies under the checkpoint location into the checkpoint directory. An error of code
  /// "Stopped" soon after `stop_fd` has become readable; some files may be half there then.
  Result<> restore(int stop_fd);
  /// Copies from now on, on a thread of its own, until finish() or `stop_fd` is readable. What
  /// fails is tried again.
  Result<> start(int stop_fd);
  /// Copies what is left. An error when checkpoints could not be; of others it is noted.
  Result<> finish();
  /// Lines for the job's log since it was asked last. Not while start()'s thread runs.
  std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

private:
  struct Part {
    std::string name;  ///< "checkpoints", or the path inside; for notes
    os::Path at;       ///< below the instance's directory
    bool is_checkpoint = false;
    std::unique_ptr<SyncedTree> tree;
    bool has_failed = false;
  };
  LiveSync(const wire::InstanceSpec& spec, const InstancePaths& paths)
      : spec_(spec), paths_(paths) {}
  Result<> make();
  void add(std::string name, const s3::Location& prefix, const os::Path& path);
  void run();
  bool await_change();
  void copy(Part& part);
  void watch(int directory, std::uint32_t for_what);
  void drain();
  Result<> stop_at(int fd, bool stops);
  bool is_told_to_stop() const;
  void add_notes(const Part& part, const Notes& notes);

  const wire::InstanceSpec& spec_;
  const InstancePaths& paths_;
  os::Event over_;
  os::Fd stop_, changes_;  // an epoll of what stops, an inotify
  bool is_blind_ = false;  // something could not be watched
  std::unique_ptr<JobStore> store_;
  std::vector<Part> parts_;
  std::vector<std::string> notes_;
  std::thread thread_;
};

}  // namespace trainyard::agent
