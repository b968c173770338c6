#pragma once
/// What files that are not whole yet hold on the disk, bounded: what came first goes first.

#include "agent/fast_file/read_ahead.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace trainyard::agent {

class ObjectFile;

/// Thread-safe.
class HeldBytes {
public:
  explicit HeldBytes(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Counts a part that came.
  void add(std::weak_ptr<ObjectFile> file, Range part);
  /// What was let go, or is whole now.
  void subtract(std::uint64_t bytes);
  /// Lets parts go until all have at most `bytes_max`. Not while a file's lock is held.
  void shed();
  /// Lets parts go until so many bytes are free that were not: the disk has no room for others. Not
  /// while a file's lock is held.
  void let_go(std::uint64_t bytes);

private:
  struct Part {
    std::weak_ptr<ObjectFile> file;
    Range range;
  };
  void shed_to(std::uint64_t most);

  std::uint64_t bytes_max_;
  std::mutex mutex_;
  std::uint64_t bytes_ = 0;
  std::deque<Part> parts_;
  std::size_t look_at_ = 4096;  // so many are looked through for what is gone
};

}  // namespace trainyard::agent
