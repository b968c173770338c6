#pragma once
/// Reads of a FUSE file system that wait for bytes, and the answer that each of them gets: one, by
/// whoever ends it first.

#include "agent/fast_file/read_ahead.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace trainyard::agent {

/// Thread-safe. Owns the file system's descriptor: closing it ends all that waits there.
class WaitingReads {
public:
  explicit WaitingReads(os::Fd device) : device_(std::move(device)) {}

  int device() const { return device_.get(); }
  bool is_over() const { return is_over_; }

  /// The message `unique` is to be answered by one of those below.
  void begin(std::uint64_t unique);
  /// With these bytes of the file, or an I/O error.
  void answer(std::uint64_t unique, Range range, const Result<int>& file);
  /// False: it does not wait, or not yet.
  bool interrupt(std::uint64_t unique);
  /// Whatever waits, and what comes later, is an I/O error.
  void stop();

  /// See FastFile::troubles().
  std::vector<std::string> troubles() const;

private:
  bool end(std::uint64_t unique);
  void note(const Error& error);

  os::Fd device_;
  mutable std::mutex mutex_;
  std::unordered_set<std::uint64_t> waiting_;
  std::vector<std::string> troubles_;
  std::atomic<bool> is_over_{false};
};

}  // namespace trainyard::agent
