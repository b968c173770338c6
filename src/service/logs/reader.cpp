#include "service/logs/reader.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::logs {
namespace {

constexpr std::size_t page_bytes_max = 1u << 20;  // as the service limits a page
// One more than the longest event, so that a block always holds a whole one.
constexpr std::size_t block_bytes = page_bytes_max + wire::event_bytes_max;

}  // namespace

Result<StreamReader> StreamReader::open(const os::Path& directory, bool complete) {
  StreamReader out;
  out.complete_ = complete;
  // The index first: what it names is in the log already.
  auto index = os::read_file(directory / wire::index_file, 1u << 30);
  if (!index && index.error().kind != ErrorKind::not_found) return Failure(index.error());
  if (index) out.index_ = wire::decode_records(*index);
  out.log_.reset(::open((directory / wire::log_file).c_str(), O_RDONLY | O_CLOEXEC));
  struct stat st{};
  if (out.log_ && ::fstat(out.log_.get(), &st) == 0) out.size_ = std::uint64_t(st.st_size);
  // Bytes behind the index get their time with the next record: until then they are not shown, or
  // an event would change its time once read.
  if (!complete) out.size_ = std::min(out.size_, out.index_.empty() ? 0 : out.index_.back().end);
  return out;
}

std::optional<std::int64_t> StreamReader::first_ms() const {
  return size_ == 0 ? std::nullopt : std::optional(to_ms(wire::time_of(0, index_)));
}

std::optional<std::int64_t> StreamReader::last_ms() const {
  return size_ == 0 ? std::nullopt : std::optional(to_ms(wire::time_of(size_ - 1, index_)));
}

Result<std::string> StreamReader::read(std::uint64_t offset, std::size_t length) const {
  std::string bytes(std::min<std::uint64_t>(length, size_ - offset), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        ::pread(log_.get(), bytes.data() + done, bytes.size() - done, off_t(offset + done));
    if (n < 0) return fail_errno("read a job's log");
    if (n == 0) break;
    done += std::size_t(n);
  }
  bytes.resize(done);
  return bytes;
}

// Where the first batch at or after `ms` begins. It may begin within a line: that line is older.
std::uint64_t StreamReader::first_offset_from(std::int64_t ms) const {
  const auto it =
      std::lower_bound(index_.begin(), index_.end(), ms,
                       [](const wire::IndexRecord& r, std::int64_t t) { return r.ms < t; });
  if (it == index_.begin()) return 0;
  if (it == index_.end()) return index_.empty() ? 0 : std::min(size_, index_.back().end);
  return std::prev(it)->end;
}

Result<Page> StreamReader::forward(std::uint64_t offset, const Range& range,
                                   std::size_t events_max) const {
  std::uint64_t at = std::min(offset, size_);
  const std::uint64_t from = first_offset_from(range.start_ms);
  // Within a line of an older batch: begin behind its end.
  bool skip_rest_of_line = from > at && from > 0 && TRY(read(from - 1, 1)) != "\n";
  at = std::max(at, from);
  Page page{{}, at, at};
  std::size_t bytes = 0;
  bool more = true;
  while (more && at < size_) {
    const std::string block = TRY(read(at, block_bytes));
    if (block.empty()) break;
    const bool at_end = complete_ && at + block.size() >= size_;
    const std::uint64_t behind = wire::cut_lines(block, at, index_, at_end, [&](wire::LogEvent e) {
      if (std::exchange(skip_rest_of_line, false)) return true;
      const std::int64_t ms = to_ms(e.time);
      if (ms >= range.end_ms || page.events.size() >= events_max || bytes >= page_bytes_max)
        return more = false;
      bytes += e.text.size() + 26;  // as the service counts an event
      if (ms >= range.start_ms) page.events.push_back(std::move(e));
      return true;
    });
    if (behind == at) break;
    at = behind;
  }
  if (!page.events.empty()) page.begin = page.events.front().offset;
  page.end = at;
  return page;
}

Result<Page> StreamReader::backward(std::uint64_t offset, const Range& range,
                                    std::size_t events_max) const {
  const std::uint64_t end = std::min(offset, size_);
  const std::uint64_t floor = first_offset_from(range.start_ms);
  std::uint64_t begin = end;
  Page page{{}, end, end};
  while (begin > floor && page.events.size() <= events_max) {
    begin = begin - floor > block_bytes ? begin - block_bytes : floor;
    // From the first whole line on, unless the block begins with one.
    std::uint64_t first = begin;
    if (begin > 0 && TRY(read(begin - 1, 1)) != "\n") {
      const auto newline = TRY(read(begin, block_bytes)).find('\n');
      first = newline == std::string::npos ? end : begin + newline + 1;
    }
    page.events.clear();
    if (first >= end) continue;
    const std::string block = TRY(read(first, std::size_t(end - first)));
    const bool at_end = end < size_ || complete_;
    wire::cut_lines(block, first, index_, at_end, [&](wire::LogEvent e) {
      if (to_ms(e.time) >= range.start_ms && to_ms(e.time) < range.end_ms)
        page.events.push_back(std::move(e));
      return true;
    });
    if (end - begin > 8 * block_bytes) break;  // enough for any page
  }
  if (page.events.size() > events_max)
    page.events.erase(page.events.begin(), page.events.end() - std::ptrdiff_t(events_max));
  if (!page.events.empty()) page.begin = page.events.front().offset;
  return page;
}

}  // namespace trainyard::logs
