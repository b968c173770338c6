#pragma once
/// What takes how much of a data directory, and what of it may go: logs of jobs that ended long
/// ago, and caches that nobody has used since. Objects are their owners' and stay.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "service/objects/snapshots.hpp"
#include "service/store/control.hpp"
#include "service/store/objects.hpp"
#include "service/store/paths.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace trainyard::disk {

/// One kind of what is kept.
struct Share {
  std::string name;         ///< "objects", "logs", ...
  std::uint64_t bytes = 0;  ///< as allocated
  std::uint64_t count = 0;  ///< of files, jobs' logs, snapshots or layers
  std::string what{};       ///< what is counted: "files"
};

struct Usage {
  std::uint64_t free_bytes = 0, total_bytes = 0;  ///< of the file system of blobs
  std::vector<Share> shares;
  std::vector<store::BucketSize> buckets;
};

struct Pruning {
  Millis older;            ///< what was not used for so long
  bool only_look = false;  ///< tells what would go
  bool with_ended = true;  ///< logs of ended jobs, and files of theirs that were kept
};

/// Thread-safe.
class Disk {
public:
  Disk(const store::DataPaths& paths, store::Readers& readers, objects::Snapshots& snapshots,
       const Clock& clock)
      : paths_(paths), readers_(readers), snapshots_(snapshots), clock_(clock) {}

  /// Walks all of it: a second for some 100,000 files.
  Result<Usage> usage();
  /// Removes what was not used for so long, and by no job that has not ended: logs, snapshots,
  /// packages, fetched contents, kept files. What went, by kind.
  Result<std::vector<Share>> prune(const Pruning& what);

private:
  const store::DataPaths& paths_;
  store::Readers& readers_;
  objects::Snapshots& snapshots_;
  const Clock& clock_;
};

/// Runs a task after a time, on a thread that may block.
using RunAfter = std::function<void(Millis, std::function<void()>)>;
/// prune() after `first` and once a day from then on.
void prune_daily(Disk& disk, Millis older, const RunAfter& run_after, Millis first = Millis(0));

}  // namespace trainyard::disk
