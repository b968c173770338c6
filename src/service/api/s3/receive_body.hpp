#pragma once
/// A streamed body on its way to a file: taken out of its chunks, hashed, and compared with all
/// that the request said of it.

#include "base/result.hpp"
#include "os/files.hpp"
#include "service/api/s3/operation.hpp"
#include "service/objects/body_writer.hpp"

#include <cstdint>
#include <optional>

namespace trainyard::api {

/// One PUT carries at most this many bytes; more needs a multipart upload.
inline constexpr std::uint64_t put_bytes_max = 5ull << 30;

/// What a request says its payload's length is. MissingContentLength, EntityTooLarge.
Result<std::uint64_t> payload_length(const S3Call& call);

/// Compares a body that was buffered with what the request said of it: Content-MD5, a checksum.
/// BadDigest, InvalidDigest.
Result<> check_body(const S3Call& call);

struct Target {
  int fd;  ///< borrowed
  std::uint64_t at = 0;
  os::Path path;  ///< for errors
};

/// Reads the whole body into `target`; never writes past `length` bytes. Blocks. Errors are the
/// client's (BadDigest, InvalidDigest, IncompleteBody, XAmzContentSHA256Mismatch ...) or the
/// disk's. `algorithm` is the checksum to compute, as requested_checksum() or the upload says.
Result<objects::Written> receive_body(S3Context& context, const S3Call& call, std::uint64_t length,
                                      std::optional<wire::ChecksumAlgorithm> algorithm,
                                      Target target);

}  // namespace trainyard::api
