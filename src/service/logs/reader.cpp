#include "service/logs/reader.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::logs {
namespace {

// A page and one event more: whatever the block begins with, that event is in it.
constexpr std::size_t block_bytes = page_bytes_max + wire::event_bytes_max;

}  // namespace

Result<StreamReader> StreamReader::open(const os::Path& directory, bool complete) {
  // The index first: what it names is in the log already.
  StreamReader out(TRY(TimeIndex::open(directory / wire::index_file)));
  out.complete_ = complete;
  out.log_.reset(::open((directory / wire::log_file).c_str(), O_RDONLY | O_CLOEXEC));
  struct stat st{};
  if (out.log_ && ::fstat(out.log_.get(), &st) == 0) out.size_ = std::uint64_t(st.st_size);
  // Bytes behind the index get their time with the next record: until then they are not shown, or
  // an event would change its time once read.
  if (!complete) out.size_ = std::min(out.size_, out.times_.end());
  return out;
}

Result<std::optional<std::int64_t>> StreamReader::first_ms() {
  if (size_ == 0) return std::optional<std::int64_t>();
  return std::optional(to_ms(TRY(times_.time_of(0))));
}

Result<std::optional<std::int64_t>> StreamReader::last_ms() {
  if (size_ == 0) return std::optional<std::int64_t>();
  return std::optional(to_ms(TRY(times_.time_of(size_ - 1))));
}

Result<std::string> StreamReader::read(std::uint64_t offset, std::size_t length) const {
  std::string bytes(std::min<std::uint64_t>(length, size_ - offset), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        ::pread(log_.get(), bytes.data() + done, bytes.size() - done, off_t(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("read a job's log");
    if (n == 0) break;
    done += std::size_t(n);
  }
  bytes.resize(done);
  return bytes;
}

// Where the first batch at or after `ms` begins. It may begin within a line: that line is older.
Result<std::uint64_t> StreamReader::first_from(std::int64_t ms) const {
  return std::min(size_, TRY(times_.first_from(ms)).value_or(size_));
}

// Where an event begins that `at` is in or behind: only from there on is it known where events are.
Result<std::uint64_t> StreamReader::event_begin(std::uint64_t at) const {
  const std::uint64_t begin = at - std::min<std::uint64_t>(at, wire::look_back_bytes);
  return wire::event_begin(TRY(read(begin, std::size_t(at - begin))), at);
}

// Hands over the events from `at` on, which is where one begins, until `sink` wants no more or none
// is whole; their times are not set. Returns where the first begins that was not taken.
Result<std::uint64_t> StreamReader::each_event(std::uint64_t at,
                                               const std::function<bool(Event)>& sink) {
  bool begins_line = at == 0 || TRY(read(at - 1, 1)) == "\n";
  while (at < size_) {
    const std::string block = TRY(read(at, block_bytes));
    const bool at_end = complete_ && at + block.size() >= size_;
    std::string_view left = block;
    while (const auto length = wire::first_event(left, at, begins_line, at_end)) {
      const std::uint64_t end = at + length->whole;
      if (!sink({at, end, {}, std::string(left.substr(0, length->text))})) return at;
      left.remove_prefix(length->whole);
      begins_line = length->whole > length->text;
      at = end;
    }
    if (left.size() == block.size()) return at;
  }
  return at;
}

Result<Page> StreamReader::page_of(std::vector<Event> events, std::uint64_t end) {
  for (auto& event : events)
    event.time = TRY(times_.time_of(event.offset));
  const std::uint64_t begin = events.empty() ? end : events.front().offset;
  return Page{std::move(events), begin, end};
}

Result<Page> StreamReader::forward(std::uint64_t offset, const Range& range,
                                   std::size_t events_max) {
  offset = std::min(offset, size_);
  const std::uint64_t from = std::max(offset, TRY(first_from(range.start_ms)));
  const std::uint64_t until = TRY(first_from(range.end_ms));
  std::vector<Event> events;
  std::size_t bytes = 0;
  const auto end = TRY(each_event(from > offset ? TRY(event_begin(from)) : offset, [&](Event e) {
    if (e.offset < from) return true;
    if (e.offset >= until || events.size() >= events_max || bytes >= page_bytes_max) return false;
    bytes += bytes_of(e);
    events.push_back(std::move(e));
    return true;
  }));
  return page_of(std::move(events), end);
}

Result<Page> StreamReader::backward(std::uint64_t offset, const Range& range,
                                    std::size_t events_max) {
  const std::uint64_t until = std::min({offset, size_, TRY(first_from(range.end_ms))});
  const std::uint64_t from = std::min(until, TRY(first_from(range.start_ms)));
  // Between them lies more than a page has.
  const std::uint64_t near = until - std::min<std::uint64_t>(until, block_bytes);
  std::deque<Event> last;
  std::size_t bytes = 0;
  const auto end = TRY(each_event(TRY(event_begin(std::max(near, from))), [&](Event e) {
    if (e.offset >= until) return false;
    if (e.offset < from) return true;
    bytes += bytes_of(e);
    last.push_back(std::move(e));
    while (last.size() > events_max || bytes > page_bytes_max) {
      bytes -= bytes_of(last.front());
      last.pop_front();
    }
    return true;
  }));
  return page_of({std::move_iterator(last.begin()), std::move_iterator(last.end())}, end);
}

}  // namespace trainyard::logs
