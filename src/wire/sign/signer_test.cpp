#include "wire/sign/signer.hpp"
#include "wire/sign/test_request.hpp"

#include <doctest/doctest.h>

using namespace trainyard;
using namespace trainyard::wire;

TEST_CASE("what is signed here is what botocore signs") {
  for (const auto& r : recorded_requests) {
    TestRequest request = test_request(r.head);
    const auto recorded = *parse_signature(request);
    if (recorded.kind != Signature::Kind::header_v4) continue;
    CAPTURE(r.name);
    const std::string expected = recorded.signature;
    const auto is_added = [](const auto& field) {
      const std::string name = lower_case(field.first);
      return name == "authorization" || name == "x-amz-date" || name == "x-amz-security-token" ||
             name == "x-amz-content-sha256" || name == "expect" || name == "transfer-encoding";
    };
    std::erase_if(request.headers, is_added);
    const std::string hash =
        recorded.payload_hash.empty() ? sha256_hex(r.body) : recorded.payload_hash;
    const Credentials credentials{"AKIDEXAMPLE", std::string(recorded_secret),
                                  recorded.session_token};
    for (auto& field : sign_request(request, credentials, recorded.region, recorded.service, hash,
                                    recorded.signed_at))
      request.headers.push_back(std::move(field));
    CHECK(parse_signature(request)->signature == expected);
    CHECK(verdict(request, r.body) == "");
  }
}
