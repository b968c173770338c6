#pragma once
/// Signing requests as a client does: AWS Signature Version 4 in the Authorization header. Pure.

#include "base/clock.hpp"
#include "wire/sign/canonical.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::wire {

struct Credentials {
  std::string access_key, secret_key;
  std::string session_token;  ///< "" for a key without a session
};

/// The fields to add to the request: x-amz-date, x-amz-security-token, for S3
/// x-amz-content-sha256, and last Authorization. All of its own fields are signed, so `host` must
/// be among them; path and query must be encoded as they will be sent. `payload_hash` is the
/// lower-case hex SHA-256 of the body, or "UNSIGNED-PAYLOAD".
std::vector<RequestView::Field> sign_request(const RequestView& request,
                                             const Credentials& credentials,
                                             std::string_view region, std::string_view service,
                                             std::string_view payload_hash, Time now);

/// The same, added to a RequestHead.
template <class Head>
void sign_head(Head& head, const Credentials& credentials, std::string_view region,
               std::string_view service, std::string_view payload_hash, Time now) {
  for (auto& [name, value] : sign_request(head, credentials, region, service, payload_hash, now))
    head.headers.add(std::move(name), std::move(value));
}

}  // namespace trainyard::wire
