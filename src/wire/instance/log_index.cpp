#include "wire/instance/log_index.hpp"

#include <algorithm>

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

Time time_of(std::uint64_t offset, const std::vector<IndexRecord>& index) {
  const auto it = std::upper_bound(index.begin(), index.end(), offset,
                                   [](std::uint64_t o, const IndexRecord& r) { return o < r.end; });
  if (it != index.end()) return from_ms(it->ms);
  return from_ms(index.empty() ? 0 : index.back().ms);
}

std::uint64_t cut_lines(std::string_view bytes, std::uint64_t offset,
                        const std::vector<IndexRecord>& index, bool at_end,
                        const std::function<bool(LogEvent)>& sink) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.substr(0, event_bytes_max + 1).find('\n');
    std::size_t text = newline, step = newline + 1;
    if (newline == std::string_view::npos) {
      if (bytes.size() > event_bytes_max)
        text = step = event_bytes_max;
      else if (at_end)
        text = step = bytes.size();
      else
        return offset;
    }
    if (!sink({offset, time_of(offset, index), std::string(bytes.substr(0, text))})) return offset;
    bytes.remove_prefix(step);
    offset += step;
  }
  return offset;
}

}  // namespace trainyard::wire
