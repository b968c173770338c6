#pragma once
/// Writes a body to a file and hashes it on the way, in pieces.

#include "base/hash.hpp"
#include "base/result.hpp"
#include "os/files.hpp"
#include "service/objects/md5_hasher.hpp"
#include "wire/checksum.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace trainyard::objects {

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
             std::optional<wire::ChecksumAlgorithm> algorithm, Md5Hasher& hasher);

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
  bool is_checksum_sha256_ = false;         // which is computed anyway
  std::optional<wire::Checksum> checksum_;  // where it is another
  Md5Lane md5_;
  Md5Lane::Piece piece_;
};

/// Writes all of it at an offset. `path` is for errors.
Result<> write_all_at(int fd, std::span<const char> bytes, std::uint64_t at, const os::Path& path);

}  // namespace trainyard::objects
