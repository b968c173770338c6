#pragma once
/// The log's files. `raw.log` holds the user's bytes untouched, append-only. `raw.idx` says when
/// they came: records of 16 bytes, little-endian: u64 offset behind the batch, i64 UTC
/// milliseconds, neither ever falling. Lines are cut when read. Bytes behind the last record (a
/// crash came between) count as of its time.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

inline constexpr const char* log_file = "raw.log";
inline constexpr const char* index_file = "raw.idx";
/// A longer line is cut into events of this size, as the service limits an event to 256 KiB.
inline constexpr std::size_t event_bytes_max = 256u << 10;

struct IndexRecord {
  std::uint64_t end = 0;
  std::int64_t ms = 0;
};
inline constexpr std::size_t index_record_bytes = 16;

/// One record as its 16 bytes.
std::string encode_record(const IndexRecord& record);
/// Whole records of `bytes`; a torn last one is left out.
std::vector<IndexRecord> decode_records(std::string_view bytes);

/// One line of a log, without its newline.
struct LogEvent {
  std::uint64_t offset = 0;  ///< of its first byte in raw.log: unique and stable
  Time time{};
  std::string text;
};

/// Cuts `bytes`, which begin at `offset` of raw.log, into events and hands each to `sink` until it
/// says false. A last line without newline is handed over only when `at_end`. Returns the offset
/// behind the last event handed over.
std::uint64_t cut_lines(std::string_view bytes, std::uint64_t offset,
                        const std::vector<IndexRecord>& index, bool at_end,
                        const std::function<bool(LogEvent)>& sink);

/// When the byte at `offset` came.
Time time_of(std::uint64_t offset, const std::vector<IndexRecord>& index);

}  // namespace trainyard::wire
