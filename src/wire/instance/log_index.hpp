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
/// A longer line is cut at multiples of this, counted from the log's begin: which events there are
/// near any place is known without looking for the line's begin, however far that is.
inline constexpr std::size_t cut_bytes = event_bytes_max / 2;

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
/// The event that begins with `bytes`, which lie at `offset` of the log and begin a line or go on
/// with one: the line to its end, or of a long one whole characters up to a cut. Nothing where its
/// end has not come yet, unless the log is `at_end` with these bytes.
std::optional<EventLength> first_event(std::string_view bytes, std::uint64_t offset,
                                       bool begins_line, bool at_end);

/// How many bytes before a place tell where an event begins.
inline constexpr std::size_t look_back_bytes = event_bytes_max + cut_bytes + 1;
/// Where an event begins, at or not far before `at`. `before` are the bytes up to there:
/// look_back_bytes of them, or all that there are.
std::uint64_t event_begin(std::string_view before, std::uint64_t at);

}  // namespace trainyard::wire
