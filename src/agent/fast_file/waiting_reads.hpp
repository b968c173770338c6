#pragma once
/// Reads of a FUSE file system that wait for bytes, and the answer that each of them gets: one, by
/// whoever ends it first.

#include "agent/fast_file/read_ahead.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace trainyard::agent {

/// Thread-safe. Owns the file system's descriptor: closing it ends all that waits there.
class WaitingReads {
public:
  /// No read waits longer than `patience`. `processes` is the /proc (O_PATH) whose numbers the
  /// kernel tells: of where the file system was mounted.
  WaitingReads(os::Fd device, os::Fd processes, Millis patience,
               const Clock& clock = system_clock())
      : device_(std::move(device)), processes_(std::move(processes)), patience_(patience),
        clock_(clock) {}

  int device() const { return device_.get(); }

  /// The message `unique` of the thread `tid`, a read of `what`, is to be answered by one of those
  /// below.
  void begin(std::uint64_t unique, pid_t tid, std::string what);
  /// With these bytes of the file, or an I/O error.
  void answer(std::uint64_t unique, Range range, const Result<int>& file);
  /// Its thread got a signal. One that is being killed gets an answer; others wait on, as for any
  /// disk: programs do not expect to be interrupted in the reading of a file. False: it does not
  /// wait, or not yet.
  bool interrupt(std::uint64_t unique);
  /// Those that have waited too long get an I/O error. Of a thread's signals the kernel tells the
  /// first alone: who got one is looked at again, for a kill that came behind it. How long until it
  /// should be called again.
  Millis expire();
  /// Whatever waits, and what comes later, is an I/O error.
  void stop();

  /// Something kept somebody from reading: see troubles().
  void note(const Error& error);
  /// See FastFile::troubles().
  std::vector<std::string> troubles() const;

private:
  struct Read {
    pid_t tid = 0;
    std::string what;
    bool is_interrupted = false;
  };
  bool end(std::uint64_t unique);
  void forget_ended();
  bool end_killed();

  os::Fd device_, processes_;
  Millis patience_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Read> waiting_;
  std::deque<std::pair<Millis, std::uint64_t>> begun_;  // boot time; also of some that have ended
  std::vector<std::string> troubles_;
  bool is_over_ = false;
};

}  // namespace trainyard::agent
