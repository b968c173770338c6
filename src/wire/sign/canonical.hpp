#pragma once
/// The canonical request and string to sign of AWS Signature Version 4, shared by signer and
/// verifier.

#include "base/hash.hpp"
#include "wire/http.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

inline constexpr std::string_view sigv4_algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// "20261123/us-east-1/s3/aws4_request"
std::string scope_of(std::string_view date, std::string_view region, std::string_view service);

/// The canonical request: S3 signs the path as it is on the wire, other services encode it once
/// more. `signed_headers` are lower-case names, sorted. `without_parameter` is left out of the
/// query.
std::string canonical_request(const RequestHead& head, bool is_s3,
                              const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash,
                              std::string_view without_parameter = "");

/// Its string to sign. `timestamp` is "20261123T192652Z".
std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                           std::string_view canonical);

/// The key derived from the secret for one day, region and service. Derivations are remembered
/// (bounded, thread-safe).
Digest256 signing_key(std::string_view secret, std::string_view date, std::string_view region,
                      std::string_view service);

/// Lower-case hex of the signature.
std::string sign_text(const Digest256& key, std::string_view text);

}  // namespace trainyard::wire
