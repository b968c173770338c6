#pragma once
/// Who signed a request, and whether they did: Signature Version 4 in the header or presigned, and
/// presigned Version 2. Two steps, so that a request can be judged before a byte of its body is
/// read: `parse_signature` finds the access key, the caller looks its secret up, `verify_signature`
/// checks. Pure and thread-safe; the time comes from the caller. A RequestHead may be passed
/// wherever a RequestView is asked for.
///
/// Sources: the SigV4 pages of the IAM user guide, "Authenticating Requests" of the S3 API
/// reference, and "Signing and authenticating REST requests" for presigned Version 2.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "wire/sign/canonical.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

/// The codes of a refused request, protocol-neutral: each protocol has its own names and statuses
/// for them (wire/error_body.hpp). All are of kind `denied` but where it says otherwise.
namespace auth_code {
inline constexpr const char* missing = "MissingAuthenticationToken";  ///< nothing is signed
inline constexpr const char* incomplete = "IncompleteSignature";      ///< it cannot be read
inline constexpr const char* unknown_key = "InvalidAccessKeyId";      ///< for who looks it up
inline constexpr const char* invalid_token = "InvalidToken";          ///< likewise, of a session
inline constexpr const char* expired_token = "ExpiredToken";          ///< likewise
inline constexpr const char* mismatch = "SignatureDoesNotMatch";
inline constexpr const char* skewed = "RequestTimeTooSkewed";
inline constexpr const char* request_expired = "RequestExpired";  ///< a presigned URL past its time
inline constexpr const char* denied = "AccessDenied";
inline constexpr const char* body_mismatch = "XAmzContentSHA256Mismatch";  ///< kind `invalid`
}  // namespace auth_code

struct Signature {
  enum class Kind {
    none,          ///< anonymous
    header_v4,     ///< Authorization: AWS4-HMAC-SHA256
    presigned_v4,  ///< ?X-Amz-Signature
    presigned_v2,  ///< ?AWSAccessKeyId&Signature&Expires: S3 only, what boto3 presigns by default
  };
  /// What is signed of the body.
  enum class Payload {
    hash_of_body,      ///< nothing is said: the verifier needs the body's SHA-256
    declared,          ///< `payload_hash` is its SHA-256: who reads the body must compare
    unsigned_payload,  ///< nothing
    unsigned_trailer,  ///< aws-chunked (wire/aws_chunked.hpp), a checksum in the trailer
    signed_chunks,     ///< aws-chunked, each chunk signed on from `signature`
    signed_chunks_trailer,
  };
  Kind kind = Kind::none;
  Payload payload = Payload::hash_of_body;
  std::string access_key;
  std::string date, region, service;        ///< the scope; presigned_v2 has only the service, "s3"
  std::string timestamp;                    ///< "20261123T192652Z"; "" for presigned_v2
  std::vector<std::string> signed_headers;  ///< lower-case
  std::string signature;                    ///< hex; base64 for presigned_v2
  std::string session_token;                ///< "" for a key without a session
  std::string payload_hash;                 ///< as it is signed; "" for hash_of_body
  Time signed_at{};                         ///< of the v4 kinds
  std::optional<Time> expires_at;           ///< of the presigned kinds

  std::string scope() const { return scope_of(date, region, service); }
  bool is_chunked() const { return payload >= Payload::unsigned_trailer; }
};

/// Reads what a request says of its signature; nothing is verified yet. Limits: 1000 query
/// parameters, 100 signed headers, one way of signing. Errors: `incomplete`; InvalidArgument
/// (kind invalid) for two ways of signing or an unknown x-amz-content-sha256; `mismatch` where the
/// scope's day is not the request's.
Result<Signature> parse_signature(const RequestView& request);

/// Checks `signature`, which parse_signature made of this same request, under `secret` at `now`.
///
/// Refused are: Kind::none; a clock 15 minutes off; a presigned URL before or past its time; an
/// unsigned Host, date or x-amz-* header; a signed header that is missing; a wrong signature.
/// `body_hash` (lower-case hex SHA-256) is needed for Payload::hash_of_body; where it is given for
/// Payload::declared it is compared too.
Result<> verify_signature(const Signature& signature, const RequestView& request,
                          std::string_view secret, std::optional<std::string_view> body_hash,
                          Time now);

/// For who learns the hash of a body after verify_signature(): does nothing unless the signature
/// declared one.
Result<> check_body_hash(const Signature& signature, std::string_view body_hash);

/// What the signatures of a body's chunks hang on.
struct ChunkKey {
  Digest256 key{};
  std::string timestamp;
  std::string scope;
  std::string previous;  ///< the signature before the first chunk: the request's own, hex
};
ChunkKey chunk_key(const Signature& signature, std::string_view secret);

}  // namespace trainyard::wire
