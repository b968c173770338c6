#include "wire/instance/log_index.hpp"

namespace trainyard::wire {
namespace {

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

std::optional<EventLength> first_event(std::string_view bytes, bool at_end) {
  const std::size_t newline = bytes.substr(0, event_bytes_max + 1).find('\n');
  if (newline != std::string_view::npos) return EventLength{newline, newline + 1};
  if (bytes.size() > event_bytes_max) {
    const std::size_t length = whole_characters(bytes.substr(0, event_bytes_max));
    return EventLength{length, length};
  }
  if (at_end && !bytes.empty()) return EventLength{bytes.size(), bytes.size()};
  return std::nullopt;
}

}  // namespace trainyard::wire
