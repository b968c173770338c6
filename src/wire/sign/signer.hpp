#pragma once
/// Signing requests as a client does: AWS Signature Version 4 in the Authorization header.

#include "base/clock.hpp"
#include "wire/http.hpp"

#include <string>
#include <string_view>

namespace trainyard::wire {

struct Credentials {
  std::string access_key, secret_key;
  std::string session_token;  ///< "" for a key without a session
};

/// Adds x-amz-date, x-amz-security-token, for S3 x-amz-content-sha256, and Authorization to `head`.
/// All its fields are signed, so `host` must be among them; path and query must be encoded as they
/// will be sent. `payload_hash` is the lower-case hex SHA-256 of the body, or "UNSIGNED-PAYLOAD".
void sign_head(RequestHead& head, const Credentials& credentials, std::string_view region,
               std::string_view service, std::string_view payload_hash, Time now);

}  // namespace trainyard::wire
