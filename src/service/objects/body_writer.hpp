#pragma once
/// Writes a body to a file and hashes it on the way, in pieces.

#include "base/hash.hpp"
#include "base/pool.hpp"
#include "base/result.hpp"
#include "os/files.hpp"
#include "wire/checksum.hpp"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace trainyard::objects {

using Piece = std::vector<char>;

/// MD5 on another thread: it is the slowest of the hashes by far, and the body waits for the
/// slowest. Used by one thread at a time; pieces are hashed in the order they were added.
class Md5Lane {
public:
  /// `piece_size` bytes a piece.
  Md5Lane(Pool& pool, std::size_t piece_size) : pool_(pool), piece_size_(piece_size) {}
  /// Waits for what it was given.
  ~Md5Lane();
  Md5Lane(const Md5Lane&) = delete;
  Md5Lane& operator=(const Md5Lane&) = delete;

  /// A piece to fill: one that was hashed, or a new one. Waits while three are in use.
  Piece next_piece();
  /// Takes a piece back; its first `size` bytes are hashed.
  void add(Piece piece, std::size_t size);
  std::array<std::uint8_t, 16> finish();

private:
  struct Job {
    Piece piece;
    std::size_t size;
  };
  void hash_waiting();

  Pool& pool_;
  std::size_t piece_size_;
  Md5 md5_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::deque<Job> waiting_;
  std::vector<Piece> spare_;
  std::size_t in_use_ = 0;
  bool is_hashing_ = false;
};

/// What was written.
struct Written {
  std::uint64_t size = 0;
  std::string sha256;    ///< hex
  std::string md5;       ///< hex
  std::string checksum;  ///< base64, of the algorithm asked for; "" if none was
};

/// One body. Not thread-safe.
class BodyWriter {
public:
  /// Writes to `fd` (borrowed) from byte `at` on; `path` is for errors. `size_expected` sizes the
  /// buffers and binds nobody.
  BodyWriter(int fd, std::uint64_t at, os::Path path, std::uint64_t size_expected,
             std::optional<wire::ChecksumAlgorithm> algorithm, Pool& hashers);

  /// Where to put the next bytes.
  std::span<char> space();
  /// The first `size` bytes of space() are the next of the body.
  Result<> write(std::size_t size);
  std::uint64_t size() const { return size_; }
  /// Ends the hashes. Syncs nothing.
  Written finish();

private:
  int fd_;
  std::uint64_t begin_, size_ = 0, flushed_ = 0;
  os::Path path_;
  Sha256 sha256_;
  std::optional<wire::Checksum> checksum_;
  Md5Lane md5_;
  Piece piece_;
};

/// Writes all of it at an offset. `path` is for errors.
Result<> write_all_at(int fd, std::span<const char> bytes, std::uint64_t at, const os::Path& path);

}  // namespace trainyard::objects
