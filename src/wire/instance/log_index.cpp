#include "wire/instance/log_index.hpp"

namespace trainyard::wire {
namespace {

constexpr std::size_t character_bytes_max = 4;

std::uint64_t next_multiple(std::uint64_t offset) {
  return (offset / cut_bytes + 1) * cut_bytes;
}

void put(std::string& out, std::uint64_t v) {
  for (int shift = 0; shift < 64; shift += 8)
    out += char(v >> shift & 255);
}

std::uint64_t get(std::string_view bytes) {
  std::uint64_t v = 0;
  for (int i = 7; i >= 0; --i)
    v = v << 8 | static_cast<unsigned char>(bytes[std::size_t(i)]);
  return v;
}

// The length of `bytes` without a last character that has begun in them and not ended. Looks at
// nothing behind them, so that a cut is the same whatever has come by then.
std::size_t whole_characters(std::string_view bytes) {
  for (std::size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.size() - back : bytes.size();
  }
  return bytes.size();
}

}  // namespace

std::string encode_record(const IndexRecord& record) {
  std::string out;
  put(out, record.end);
  put(out, std::uint64_t(record.ms));
  return out;
}

std::vector<IndexRecord> decode_records(std::string_view bytes) {
  std::vector<IndexRecord> out;
  out.reserve(bytes.size() / index_record_bytes);
  for (; bytes.size() >= index_record_bytes; bytes.remove_prefix(index_record_bytes))
    out.push_back({get(bytes), std::int64_t(get(bytes.substr(8)))});
  return out;
}

std::optional<EventLength> first_event(std::string_view bytes, std::uint64_t offset,
                                       bool begins_line, bool at_end) {
  // A line that fits is one event. The rest of one that does not goes on up to the next cut, which
  // is not the one that it begins at or, for a character's sake, just before.
  const std::size_t longest =
      begins_line ? event_bytes_max : next_multiple(offset + character_bytes_max) - offset;
  const std::size_t newline = bytes.substr(0, longest + 1).find('\n');
  if (newline != std::string_view::npos) return EventLength{newline, newline + 1};
  if (bytes.size() > longest) {
    const std::uint64_t cut = (offset + longest) / cut_bytes * cut_bytes;
    const std::size_t length = whole_characters(bytes.substr(0, std::size_t(cut - offset)));
    return EventLength{length, length};
  }
  if (at_end && !bytes.empty()) return EventLength{bytes.size(), bytes.size()};
  return std::nullopt;
}

// Without a newline in all that is looked at the line is so long that each multiple behind the
// first ones is a cut. (`at` itself may be the newline that ends it: no cut.)
std::uint64_t event_begin(std::string_view before, std::uint64_t at) {
  const std::size_t newline = before.rfind('\n');
  const std::uint64_t begin = at - before.size();
  if (newline != std::string_view::npos) return begin + newline + 1;
  if (before.size() < look_back_bytes) return begin;
  const std::uint64_t cut = (at - 1) / cut_bytes * cut_bytes;
  return begin + whole_characters(before.substr(0, std::size_t(cut - begin)));
}

}  // namespace trainyard::wire
