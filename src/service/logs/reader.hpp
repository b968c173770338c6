#pragma once
/// Reads a stream's events from the agent's files (wire/instance/log_index.hpp). No copy is kept:
/// what is on disk is what is answered.

#include "base/result.hpp"
#include "os/files.hpp"
#include "wire/instance/log_index.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace trainyard::logs {

/// A page of events and where it lies in the stream. Offsets are of bytes in raw.log.
struct Page {
  std::vector<wire::LogEvent> events;
  std::uint64_t begin = 0, end = 0;  ///< the first event's first byte; behind the last event
};

struct Range {
  std::int64_t start_ms = 0;        ///< inclusive
  std::int64_t end_ms = INT64_MAX;  ///< exclusive
};

class StreamReader {
public:
  /// A stream whose files are not there yet is empty. `complete`: its writer has ended, so a last
  /// line without newline is an event too.
  static Result<StreamReader> open(const os::Path& directory, bool complete);

  /// Events at and behind `offset`, oldest first: at most `events_max` and about 1 MiB.
  Result<Page> forward(std::uint64_t offset, const Range& range, std::size_t events_max) const;
  /// The last events before `offset`, oldest first, within the same limits.
  Result<Page> backward(std::uint64_t offset, const Range& range, std::size_t events_max) const;

  std::uint64_t size() const { return size_; }
  /// Time of the first and last byte, if there is any.
  std::optional<std::int64_t> first_ms() const;
  std::optional<std::int64_t> last_ms() const;

private:
  Result<std::string> read(std::uint64_t offset, std::size_t length) const;
  std::uint64_t first_offset_from(std::int64_t ms) const;

  os::Fd log_;
  std::uint64_t size_ = 0;
  std::vector<wire::IndexRecord> index_;
  bool complete_ = false;
};

}  // namespace trainyard::logs
