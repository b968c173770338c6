#pragma once
/// Verifying signatures of requests: Signature Version 4 in the header or presigned, and presigned
/// Version 2. Two steps, so that a body need not be read before its sender is known.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "wire/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

struct Signature {
  enum class Kind { none, header_v4, presigned_v4, presigned_v2 };
  /// What is signed of the body.
  enum class Payload {
    hash_of_body,      ///< no x-amz-content-sha256: the verifier needs the body's SHA-256
    declared,          ///< `payload_hash` is in the header; the body must hash to it
    unsigned_payload,  ///< nothing
    unsigned_trailer,  ///< aws-chunked, a checksum in the trailer
    signed_chunks,     ///< aws-chunked, each chunk signed on from `signature`
    signed_chunks_trailer,
  };
  Kind kind = Kind::none;
  Payload payload = Payload::hash_of_body;
  std::string access_key, date, region, service;  ///< date: "20261123"
  std::string timestamp;                          ///< "20261123T192652Z"
  std::vector<std::string> signed_headers;
  std::string signature;
  std::string session_token;
  std::string payload_hash;
  std::int64_t expires_s =
      0;  ///< presigned: seconds it is good for (v4), or the epoch second it ends at (v2)
  std::string scope() const;
};

/// Reads what the request says of itself; it is not verified yet. Errors (kind denied):
/// IncompleteSignature.
Result<Signature> parse_signature(const RequestHead& head);

/// Checks the signature with the key's secret at `now`. `body_hash` is needed for
/// Payload::hash_of_body. Errors (kind denied): SignatureDoesNotMatch, RequestTimeTooSkewed,
/// AccessDenied (a presigned URL's time is over), each saying what to do.
Result<> verify_signature(const Signature& signature, const RequestHead& head,
                          std::string_view secret, std::optional<std::string_view> body_hash,
                          Time now);

}  // namespace trainyard::wire
