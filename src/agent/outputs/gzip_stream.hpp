#pragma once
/// gzip (RFC 1952) on all cores: what is written is cut into blocks, each is deflated by ISA-L on a
/// thread of its own, and they leave in order as *one* gzip member.
///
/// One member, not one per block: readers on plain zlib stop at the end of the first member.
/// Deflate (RFC 1951) allows it, because a block that ends byte-aligned and refers to nothing
/// before it may be followed by any other. The header carries no time and no name: same input, same
/// bytes.

#include "base/pool.hpp"
#include "base/result.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace trainyard::agent {

/// Takes the next bytes of a stream; an error ends the stream and is handed through.
using Sink = std::function<Result<>(std::span<const char> bytes)>;

struct GzipOptions {
  unsigned threads = 0;                ///< 0: one a core, at most 8
  std::size_t block_bytes = 1u << 20;  ///< memory is about 2 blocks for each of 2 + 2 * threads
};

/// One stream. All members are called by one thread, which also runs the sink; the compressing
/// threads belong to this object and are joined by its destructor. After an error only the
/// destructor may be called.
class GzipStream {
public:
  GzipStream(Sink sink, const GzipOptions& options);
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// Room for the next bytes, never empty: a file is read straight into it ...
  std::span<char> room();
  /// ... and `count` of it were filled. Blocks while all blocks are busy.
  Result<> filled(std::size_t count);
  /// room() and filled() for bytes at hand.
  Result<> write(std::string_view bytes);
  /// `count` zero bytes.
  Result<> write_zeros(std::uint64_t count);
  /// Sends what is left and the trailer. Nothing may be written behind it.
  Result<> finish();

  std::uint64_t bytes_in() const { return bytes_in_; }
  std::uint64_t bytes_out() const { return bytes_out_; }

private:
  struct Block;

  Block& block(std::uint64_t number) { return *ring_[number % ring_.size()]; }
  Result<> submit();
  Result<> emit_oldest();
  bool oldest_is_done();
  Result<> send(std::span<const char> bytes);

  Sink sink_;
  std::vector<std::unique_ptr<Block>> ring_;
  std::uint64_t filling_ = 0;  ///< number of the block being filled; those before it are submitted
  std::uint64_t oldest_ = 0;   ///< number of the first block that has not left yet
  std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
  std::uint32_t crc_ = 0;
  bool started_ = false;
  std::mutex mutex_;  ///< guards Block::done
  std::condition_variable packed_;
  Pool pool_;  ///< last: its threads end before what they work on goes
};

}  // namespace trainyard::agent
