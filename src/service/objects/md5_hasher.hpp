#pragma once
/// MD5 of bodies beside the threads that receive them: it is the slowest of the hashes by far. Of
/// four bodies side by side it takes 36 % of the processor that it takes one after the other.

#include "base/hash.hpp"
#include "base/md5_lanes.hpp"
#include "base/pool.hpp"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace trainyard::objects {

class Md5Lane;

/// Hashes what its lanes have ready in turns. As long as there is a thread for each body a piece is
/// hashed as it comes. Of more a turn takes a piece of up to eight, and begins once one of them
/// would soon have to wait, with what is ready by then: nobody waits for another body. Turns are
/// taken by threads of its own, and by a body's that waits while none of those is at work.
/// Thread-safe; lives longer than its lanes.
class Md5Hasher {
public:
  explicit Md5Hasher(std::size_t threads_max = 2)
      : threads_max_(threads_max), pool_(threads_max, threads_max) {}
  Md5Hasher(const Md5Hasher&) = delete;
  Md5Hasher& operator=(const Md5Hasher&) = delete;

private:
  friend class Md5Lane;
  using Lock = std::unique_lock<std::mutex>;

  std::size_t width() const;
  bool is_pressed() const;
  void call_thread();
  void take_turns();
  /// Without the lock while it hashes.
  void take_turn(Lock& lock);

  std::size_t threads_max_;
  std::mutex mutex_;
  std::size_t lanes_ = 0;       // that ever had something for it
  std::deque<Md5Lane*> ready_;  // who waits longest comes first
  std::size_t at_work_ = 0;     // take_turns() that were posted and have not ended
  Pool pool_;
};

/// One body's MD5. Used by one thread at a time; pieces are hashed in the order they were added.
class Md5Lane {
public:
  using Piece = std::vector<char>;

  /// `piece_size` bytes a piece.
  Md5Lane(Md5Hasher& hasher, std::size_t piece_size) : hasher_(hasher), piece_size_(piece_size) {}
  /// What was not hashed yet is dropped.
  ~Md5Lane();
  Md5Lane(const Md5Lane&) = delete;
  Md5Lane& operator=(const Md5Lane&) = delete;

  /// A piece to fill: one that was hashed, or a new one. Waits while three are in use.
  Piece next_piece();
  /// Takes a piece back; its first `size` bytes are hashed. They stay where they are, unchanged,
  /// until next_piece().
  void add(Piece piece, std::size_t size);
  std::array<std::uint8_t, 16> finish();

private:
  friend class Md5Hasher;
  enum class State { idle, ready, in_turn };
  struct Job {
    Piece piece;
    std::size_t size;
  };
  /// Its body waits for it, or will with the next piece.
  bool presses() const { return is_awaited_ || waiting_.size() > 1; }
  Md5Input begin_turn();
  /// Whether it is ready again.
  bool end_turn();
  template <class Condition> void hash_until(Md5Hasher::Lock& lock, Condition condition);

  Md5Hasher& hasher_;
  std::size_t piece_size_;
  bool is_shared_ = false;  // with the hasher's threads; for the lane's own
  Md5 md5_;                 // whose turn it is, the lane's thread where it is idle
  // By the hasher's mutex.
  State state_ = State::idle;
  bool is_awaited_ = false;
  std::condition_variable turned_;
  std::deque<Job> waiting_;
  std::vector<Piece> spare_;
  std::size_t in_use_ = 0;
};

}  // namespace trainyard::objects
