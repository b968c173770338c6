#pragma once
/// Which blocks of an object are there, and which somebody fetches. A value; no I/O.

#include "agent/fast_file/read_ahead.hpp"

#include <cstdint>
#include <vector>

namespace trainyard::agent {

/// Each block that is fetched is fetched by one: what take() or begin() gave out is nobody else's
/// until came() tells of it. So what is let go is never what somebody is about to bring. All ranges
/// are in bytes, begin at a block and end at one or at the object's end.
class BlockMap {
public:
  static constexpr std::uint64_t block_bytes = 256u << 10, part_bytes = 8u << 20;

  BlockMap() = default;
  explicit BlockMap(std::uint64_t size);

  /// What of a range (of any bytes) is to be fetched, in parts of at most `part_bytes`. Urgent:
  /// now, and the caller does; what was only queued so far, too. Else it is queued: begin() comes
  /// first.
  std::vector<Range> take(Range range, bool urgent);
  /// What of a queued part nobody has taken meanwhile. The caller fetches it now.
  std::vector<Range> begin(Range part);
  /// A part that was given out has come; or has not, and may be taken again.
  void came(Range part, bool well);
  /// Lets go of what is there of a range; what that was.
  std::vector<Range> drop(Range range);

  bool has(Range range) const;
  bool is_whole() const { return there_ == blocks_.size(); }

private:
  enum class Block : char { missing, queued, asked, there };
  struct Span {
    std::size_t begin, end;
  };
  Span span(Range range) const;
  Range bytes_of(std::size_t block) const;
  void append(std::vector<Range>& runs, std::size_t block, std::uint64_t most) const;

  std::uint64_t size_ = 0;
  std::vector<Block> blocks_;
  std::size_t there_ = 0;
};

/// Of all ranges together.
std::uint64_t bytes_in(const std::vector<Range>& ranges);

}  // namespace trainyard::agent
