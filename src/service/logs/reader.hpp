#pragma once
/// Reads a stream's events from the agent's files (wire/instance/log_index.hpp). No copy is kept:
/// what is on disk is what is answered. A page costs what is on it, however long the log and its
/// lines are.

#include "base/result.hpp"
#include "os/files.hpp"
#include "service/logs/time_index.hpp"
#include "wire/instance/log_index.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::logs {

/// One line of a log, without its newline, or as much of a long one as an event may hold.
struct Event {
  std::uint64_t offset = 0;  ///< of its first byte in raw.log: unique and stable
  std::uint64_t end = 0;     ///< where the next event begins
  Time time{};
  std::string text;
};

/// Of an event on a page, as the service counts it.
inline std::size_t bytes_of(const Event& event) {
  return event.text.size() + 26;
}
/// About what a page may have, as the service limits it.
inline constexpr std::size_t page_bytes_max = 1u << 20;

/// A page of events and where it lies in the stream. Offsets are of bytes in raw.log, where an
/// event begins.
struct Page {
  std::vector<Event> events;
  std::uint64_t begin = 0, end = 0;  ///< the first event's first byte; behind the last event
};

struct Range {
  std::int64_t start_ms = 0;        ///< inclusive
  std::int64_t end_ms = INT64_MAX;  ///< exclusive
};

/// Not thread-safe.
class StreamReader {
public:
  /// A stream whose files are not there yet is empty. `complete`: its writer has ended, so a last
  /// line without newline is an event too.
  static Result<StreamReader> open(const os::Path& directory, bool complete);

  /// Events at and behind `offset`, oldest first: at most `events_max` and about 1 MiB.
  Result<Page> forward(std::uint64_t offset, const Range& range, std::size_t events_max);
  /// The last events before `offset`, oldest first, within the same limits.
  Result<Page> backward(std::uint64_t offset, const Range& range, std::size_t events_max);

  std::uint64_t size() const { return size_; }
  /// Time of the first and last byte, if there is any.
  Result<std::optional<std::int64_t>> first_ms();
  Result<std::optional<std::int64_t>> last_ms();

private:
  explicit StreamReader(TimeIndex times) : times_(std::move(times)) {}
  Result<std::string> read(std::uint64_t offset, std::size_t length) const;
  Result<std::uint64_t> first_from(std::int64_t ms) const;
  Result<std::uint64_t> event_begin(std::uint64_t at) const;
  Result<std::uint64_t> each_event(std::uint64_t at, const std::function<bool(Event)>& sink);
  Result<Page> page_of(std::vector<Event> events, std::uint64_t end);

  TimeIndex times_;
  os::Fd log_;
  std::uint64_t size_ = 0;
  bool complete_ = false;
};

}  // namespace trainyard::logs
