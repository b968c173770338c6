#pragma once
/// How far to fetch ahead of a reader. Pure.

#include <algorithm>
#include <cstdint>

namespace trainyard::agent {

/// Bytes [begin, end) of an object.
struct Range {
  std::uint64_t begin = 0, end = 0;
  bool is_empty() const { return begin >= end; }
  bool operator==(const Range&) const = default;
};

/// Of one open file. One that reads on and on is fetched ahead as far again as it has come, up to
/// `window_max`; one that jumps is given what it asks for alone. What is to be fetched ahead comes
/// in few large pieces: a request has its price.
class ReadAhead {
public:
  static constexpr std::uint64_t window_min = 1u << 20, window_max = 64u << 20;
  /// The kernel asks for what it reads ahead itself in no exact order.
  static constexpr std::uint64_t near = 2u << 20;

  /// A read of an object of `size` bytes; what to fetch behind it, may be empty.
  Range on_read(Range read, std::uint64_t size) {
    const bool goes_on = read.begin + near >= next_ && read.begin <= next_ + near;
    if (!goes_on) {
      run_begin_ = read.begin;
      ahead_ = next_ = read.end;
      return {};
    }
    next_ = std::max(next_, read.end);
    const std::uint64_t window =
        std::clamp(2 * (next_ - std::min(run_begin_, next_)), window_min, window_max);
    const std::uint64_t end = std::min(size, next_ + window);
    ahead_ = std::max(ahead_, read.end);
    if (end <= ahead_ || (end < size && end - ahead_ < window / 2)) return {};
    const Range out{ahead_, end};
    ahead_ = end;
    return out;
  }

private:
  std::uint64_t run_begin_ = 0, next_ = 0, ahead_ = 0;
};

}  // namespace trainyard::agent
