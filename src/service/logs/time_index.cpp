#include "service/logs/time_index.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::logs {
namespace {

constexpr std::uint64_t loaded_max = 4096;  // records, 64 KiB

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t length) {
  std::string bytes(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    const ssize_t n = ::pread(fd, bytes.data() + done, length - done, off_t(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("read the index of a job's log");
    if (n == 0) return fail_internal("read the index of a job's log: it has become shorter");
    done += std::size_t(n);
  }
  return bytes;
}

}  // namespace

Result<TimeIndex> TimeIndex::open(const os::Path& file) {
  TimeIndex out;
  out.file_.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!out.file_ && errno == ENOENT) return out;
  if (!out.file_) return fail_errno("open " + file.string());
  struct stat st{};
  if (::fstat(out.file_.get(), &st) != 0) return fail_errno("measure " + file.string());
  out.count_ = std::uint64_t(st.st_size) / wire::index_record_bytes;
  if (out.count_ == 0) return out;
  out.last_ = TRY(out.record(out.count_ - 1));
  if (out.last_.end > 0) return out;
  // What a power cut may leave of records that were not on the disk yet.
  out.count_ = TRY(out.first_where([](const Record& r) { return r.end == 0; }));
  if (out.count_ > 0) out.last_ = TRY(out.record(out.count_ - 1));
  return out;
}

Result<wire::IndexRecord> TimeIndex::record(std::uint64_t n) const {
  return wire::decode_records(
             TRY(read_at(file_.get(), n * wire::index_record_bytes, wire::index_record_bytes)))
      .front();
}

Result<std::uint64_t>
TimeIndex::first_where(const std::function<bool(const Record&)>& holds) const {
  std::uint64_t low = 0, high = count_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (holds(TRY(record(middle))))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

Result<> TimeIndex::load_from(std::uint64_t n) {
  loaded_from_ = n == 0 ? 0 : TRY(record(n - 1)).end;
  const std::size_t length = std::min(loaded_max, count_ - n) * wire::index_record_bytes;
  loaded_ = wire::decode_records(TRY(read_at(file_.get(), n * wire::index_record_bytes, length)));
  return {};
}

Result<Time> TimeIndex::time_of(std::uint64_t offset) {
  if (offset >= last_.end) return last_time();
  const auto covers = [offset](const Record& r) { return offset < r.end; };
  if (loaded_.empty() || offset < loaded_from_ || offset >= loaded_.back().end)
    TRY(load_from(TRY(first_where(covers))));
  const auto it = std::partition_point(loaded_.begin(), loaded_.end(),
                                       [&](const Record& r) { return !covers(r); });
  return it == loaded_.end() ? last_time() : from_ms(it->ms);
}

Result<std::optional<std::uint64_t>> TimeIndex::first_from(std::int64_t ms) const {
  const std::uint64_t n = TRY(first_where([ms](const Record& r) { return r.ms >= ms; }));
  if (n == count_) return std::optional<std::uint64_t>();
  return std::optional(n == 0 ? 0 : TRY(record(n - 1)).end);
}

}  // namespace trainyard::logs
