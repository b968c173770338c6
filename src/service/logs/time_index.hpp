#pragma once
/// When a log's bytes came: its raw.idx (wire/instance/log_index.hpp), searched where it lies. A
/// look-up reads a few records however many there are.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "wire/instance/log_index.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace trainyard::logs {

/// Not thread-safe.
class TimeIndex {
public:
  /// A file that is not there yet is an empty index. Records that come later are not seen.
  static Result<TimeIndex> open(const os::Path& file);

  /// Behind the last byte that has a time; 0 where none has.
  std::uint64_t end() const { return last_.end; }
  /// When that byte came.
  Time last_time() const { return from_ms(last_.ms); }
  /// When the byte at `offset` came. One that has no time yet counts as of the last.
  Result<Time> time_of(std::uint64_t offset);
  /// Where the first batch of `ms` or later begins; nothing where there is none.
  Result<std::optional<std::uint64_t>> first_from(std::int64_t ms) const;

private:
  using Record = wire::IndexRecord;
  Result<Record> record(std::uint64_t n) const;
  /// The first record for which that holds, which then holds for all behind it; else count_.
  Result<std::uint64_t> first_where(const std::function<bool(const Record&)>& holds) const;
  Result<> load_from(std::uint64_t n);

  os::Fd file_;
  std::uint64_t count_ = 0;
  Record last_;
  // Records at hand, of the bytes from loaded_from_ on: most times are asked for in their order.
  std::vector<Record> loaded_;
  std::uint64_t loaded_from_ = 0;
};

}  // namespace trainyard::logs
