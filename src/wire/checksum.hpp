#pragma once
/// The checksums of x-amz-checksum-*: incremental, by name, as base64. An object may be used by one
/// thread at a time.
///
/// Source: "Checking object integrity" of the S3 user guide. CRC-32 (zlib's), CRC-32C (Castagnoli)
/// and CRC-64/NVME are written big-endian before base64.

#include "base/hash.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace trainyard::wire {

enum class ChecksumAlgorithm { crc32, crc32c, crc64nvme, sha1, sha256 };

/// From "CRC32", "crc32" and the header name "x-amz-checksum-crc32", without case; nothing for
/// another name.
std::optional<ChecksumAlgorithm> checksum_algorithm(std::string_view name);
/// "CRC32", as the API and "x-amz-checksum-algorithm" name it.
std::string_view api_name(ChecksumAlgorithm algorithm);
/// "x-amz-checksum-crc32"
std::string_view header_name(ChecksumAlgorithm algorithm);

class Checksum {
public:
  explicit Checksum(ChecksumAlgorithm algorithm);
  ChecksumAlgorithm algorithm() const { return algorithm_; }
  void update(std::string_view bytes);
  /// The raw digest in base64. Ends the checksum; the object may not be used again.
  std::string finish();

private:
  ChecksumAlgorithm algorithm_;
  std::variant<std::uint64_t, Sha1, Sha256> state_;
};

/// The checksum (base64) of two pieces behind each other, from the pieces' own: what makes the
/// FULL_OBJECT checksum of a multipart object out of its parts'. `second_bytes` is the length of
/// the second piece. Nothing for SHA, which cannot be combined, and for text that is no checksum.
std::optional<std::string> combine_checksums(ChecksumAlgorithm algorithm, std::string_view first,
                                             std::string_view second, std::uint64_t second_bytes);

}  // namespace trainyard::wire
