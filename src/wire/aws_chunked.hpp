#pragma once
/// Bodies in "aws-chunked" form, taken apart as they come: what SDKs send over TLS, or sign chunk
/// by chunk.
///
///   5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n
///   5;chunk-signature=<64 hex>\r\nhello\r\n0;chunk-signature=<64 hex>\r\n\r\n
///
/// Sources: "Transferring Payload in Multiple Chunks" and "Including trailing headers" of the S3
/// API reference. One decoder a body; not thread-safe.

#include "base/hash.hpp"
#include "base/result.hpp"
#include "wire/http.hpp"
#include "wire/sign/verify.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

class AwsChunkedDecoder {
public:
  /// For a request whose signature (verified) says that its body is chunked. `secret` signs the
  /// chunks. Errors: MissingContentLength without a good X-Amz-Decoded-Content-Length,
  /// InvalidArgument for an X-Amz-Trailer that the body's kind forbids.
  static Result<AwsChunkedDecoder> start(const RequestHead& head, const Signature& signature,
                                         std::string_view secret);

  /// Takes the next bytes of the body and leaves the payload that is in them at the front of
  /// `bytes`; returns its length. Payload may not be trusted before complete(): a chunk's signature
  /// is checked at its end. After an error every call fails.
  Result<std::size_t> decode(std::span<char> bytes);

  /// To be called at the body's end: an error (IncompleteBody) unless all of it was there.
  Result<> finish() const;
  bool is_complete() const { return state_ == State::complete; }

  /// What the payload's length is to be.
  std::uint64_t decoded_length() const { return decoded_length_; }
  /// The trailing fields, lower-case names, exactly those that X-Amz-Trailer announced. Whole only
  /// when complete.
  const Headers& trailers() const { return trailers_; }

private:
  enum class State { chunk_header, data, data_end, trailer, last_line, complete, broken };

  AwsChunkedDecoder() = default;
  Result<std::size_t> decode_pieces(std::span<char> bytes);
  Result<> take_character(char c);
  Result<> end_line();
  Result<> begin_chunk();
  Result<> end_chunk();
  Result<> take_trailer();
  Result<> check_trailer_signature(std::string_view given);
  Result<> complete();

  State state_ = State::chunk_header;
  std::string line_;  ///< the line at hand, without its end
  std::uint64_t decoded_length_ = 0;
  std::uint64_t decoded_ = 0;     ///< announced by the chunks so far
  std::uint64_t chunk_left_ = 0;  ///< bytes of the chunk at hand that are still to come
  std::optional<ChunkKey> key_;   ///< when chunks are signed; `previous` moves along
  std::string chunk_signature_;   ///< as the chunk at hand gave it
  Sha256 chunk_hash_;
  bool has_trailer_ = false;
  bool is_trailer_signed_ = false;  ///< the trailer's signature came
  std::vector<std::string> announced_;
  Headers trailers_;
};

/// A Content-Encoding as the object keeps it: without "aws-chunked". "" if nothing else was in it.
std::string without_aws_chunked(std::string_view content_encoding);

}  // namespace trainyard::wire
