#pragma once
/// The log's files. `raw.log` holds the user's bytes untouched, append-only. `raw.idx` says when
/// they came: records of 16 bytes, little-endian: u64 offset behind the batch, i64 UTC
/// milliseconds, neither ever falling. Lines are cut when read. Bytes behind the last record (a
/// crash came between) count as of its time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

inline constexpr const char* log_file = "raw.log";
inline constexpr const char* index_file = "raw.idx";
/// The longest event, as the service has it: a longer line is cut into several.
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

/// How much of a log one event takes: its text, and with the newline behind it.
struct EventLength {
  std::size_t text = 0, whole = 0;
};
/// The event that begins with `bytes`: a line, or of a long one as many whole characters as an
/// event may hold. Nothing where its end has not come yet, unless the log is `at_end` with these
/// bytes.
std::optional<EventLength> first_event(std::string_view bytes, bool at_end);

}  // namespace trainyard::wire
