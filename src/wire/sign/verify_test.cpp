#include "base/hash.hpp"
#include "wire/sign/signer.hpp"
#include "wire/sign/test_request.hpp"
#include "wire/sign/verify.hpp"

#include <doctest/doctest.h>

using namespace trainyard;
using namespace trainyard::wire;

namespace {

const Time now = *parse_amz_date(recorded_at);

const RecordedRequest& recorded(std::string_view name) {
  for (const auto& request : recorded_requests)
    if (request.name == name) return request;
  FAIL("no such recorded request");
  return recorded_requests[0];
}

std::string verdict_at(std::string_view name, Time time) {
  const auto& r = recorded(name);
  return verdict(test_request(r.head), r.body, recorded_secret, time);
}

bool is_v2(const TestRequest& request) {
  return request.query.find("AWSAccessKeyId=") != std::string::npos;
}

// Whether `at` is inside of `part`, where `text` has that.
bool is_within(std::string_view text, std::string_view part, std::size_t at) {
  const std::size_t start = text.find(part);
  return start != text.npos && at >= start && at < start + part.size();
}

// The names of the fields that the request's signature covers.
std::vector<std::string> signed_fields(const TestRequest& request) {
  if (!is_v2(request)) return parse_signature(request)->signed_headers;
  std::vector<std::string> out;
  for (const auto& [name, value] : request.headers)
    if (const auto low = lower_case(name); low != "host") out.push_back(low);
  return out;
}

}  // namespace

// SEMANTICS A1
TEST_CASE("what botocore signs is verified") {
  for (const auto& r : recorded_requests) {
    CAPTURE(r.name);
    const TestRequest request = test_request(r.head);
    const auto signature = parse_signature(request);
    REQUIRE(signature);
    CHECK(signature->access_key == "AKIDEXAMPLE");
    const auto verified =
        verify_signature(*signature, request, recorded_secret, sha256_hex(r.body), now);
    CHECK_MESSAGE(verified, (verified ? "" : verified.error().message));
  }
}

TEST_CASE("another secret verifies nothing") {
  for (const auto& r : recorded_requests) {
    CAPTURE(r.name);
    CHECK(verdict(test_request(r.head), r.body, "another") == auth_code::mismatch);
    CHECK(verdict(test_request(r.head), r.body, "") == auth_code::mismatch);
  }
}

// SEMANTICS A1
TEST_CASE("a changed method, path or signed field is refused") {
  for (const auto& r : recorded_requests) {
    CAPTURE(r.name);
    const TestRequest good = test_request(r.head);
    TestRequest bad = good;
    bad.method = good.method == "GET" ? "DELETE" : "GET";
    CHECK(verdict(bad, r.body) == auth_code::mismatch);
    bad = good;
    bad.path += "x";
    CHECK(verdict(bad, r.body) == auth_code::mismatch);
    for (const std::string& name : signed_fields(good)) {
      CAPTURE(name);
      bad = good;
      *bad.header(name) += "x";
      CHECK(verdict(bad, r.body) != "");
      bad = good;
      std::erase_if(bad.headers, [&](const auto& f) { return lower_case(f.first) == name; });
      // A presigned v2 URL has its headers in the query too: without them it says the same.
      CHECK((verdict(bad, r.body) != "" || is_v2(good)));
    }
  }
}

TEST_CASE("a changed query is refused") {
  for (const auto& r : recorded_requests) {
    TestRequest good = test_request(r.head);
    if (good.query.empty()) continue;
    CAPTURE(r.name);
    if (is_v2(good)) good.headers.clear();  // its query says the same
    for (std::size_t i = 0; i < good.query.size(); ++i) {
      if (is_v2(good) &&
          (is_within(good.query, "x=unsigned", i) || is_within(good.query, "AKIDEXAMPLE", i)))
        continue;  // SigV2 signs neither; another key has another secret
      TestRequest bad = good;
      bad.query[i] = bad.query[i] == 'x' ? 'y' : 'x';
      CAPTURE(bad.query);
      CHECK(verdict(bad, r.body) != "");
    }
    TestRequest more = good;
    more.query += "&acl";
    CHECK(verdict(more, r.body) == auth_code::mismatch);
  }
}

// SEMANTICS S22
TEST_CASE("a presigned v2 URL and the headers sent with it must agree") {
  const auto& r = recorded("presigned v2 put, typed, with metadata and token");
  for (const std::string_view part : {"text%2Fplain", "XUFAKr", "meta-b=2", "IQo%2F"}) {
    CAPTURE(part);
    TestRequest bad = test_request(r.head);
    bad.query.insert(bad.query.find(part) + part.size(), "x");
    CHECK(verdict(bad, r.body) == auth_code::mismatch);
  }
}

TEST_CASE("a changed signature, scope or body is refused") {
  for (const auto& r : recorded_requests) {
    const TestRequest good = test_request(r.head);
    CAPTURE(r.name);
    auto signature = *parse_signature(good);
    for (std::size_t i = 0; i < signature.signature.size(); ++i) {
      auto bad = signature;
      bad.signature[i] = bad.signature[i] == '0' ? '1' : '0';
      CHECK_FALSE(verify_signature(bad, good, recorded_secret, sha256_hex(r.body), now));
    }
    auto bad = signature;
    bad.signature.pop_back();
    CHECK_FALSE(verify_signature(bad, good, recorded_secret, sha256_hex(r.body), now));
    if (is_v2(good)) continue;
    for (std::string Signature::* part :
         {&Signature::date, &Signature::region, &Signature::service, &Signature::timestamp}) {
      bad = signature;
      bad.*part += "1";
      CHECK_FALSE(verify_signature(bad, good, recorded_secret, sha256_hex(r.body), now));
    }
    if (signature.payload == Signature::Payload::declared)
      CHECK(verdict(good, "another") == auth_code::body_mismatch);
    if (signature.payload == Signature::Payload::hash_of_body)
      CHECK(verdict(good, "another") == auth_code::mismatch);
  }
}

// SEMANTICS A1
TEST_CASE("an added x-amz header is refused unless it is signed") {
  for (const auto& r : recorded_requests) {
    CAPTURE(r.name);
    TestRequest bad = test_request(r.head);
    bad.headers.emplace_back("X-AMZ-acl", "public-read");
    CHECK(verdict(bad, r.body) == (is_v2(bad) ? auth_code::mismatch : auth_code::denied));
  }
  TestRequest plain = test_request(recorded("json").head);
  plain.headers.emplace_back("User-Agent", "Boto3");
  plain.headers.emplace_back("amz-sdk-request", "attempt=1");
  CHECK(verdict(plain, recorded("json").body) == "");
}

TEST_CASE("host and date must be signed") {
  for (const std::string_view dropped : {"host;", ";x-amz-date"}) {
    TestRequest bad = test_request(recorded("json").head);
    std::string& header = *bad.header("authorization");
    header.erase(header.find(dropped), dropped.size());
    CHECK(verdict(bad, recorded("json").body) == auth_code::denied);
  }
}

TEST_CASE("a Date that stands for X-Amz-Date must be signed") {
  const std::string signature(64, 'a');
  TestRequest request =
      test_request("GET /\nHost:h\nDate:Mon, 23 Nov 2026 19:26:52 GMT\nAuthorization:"
                   "AWS4-HMAC-SHA256 Credential=A/20261123/us-east-1/sts/aws4_request, "
                   "SignedHeaders=host, Signature=" +
                   signature);
  CHECK(verdict(request, "") == auth_code::denied);
  std::string& header = *request.header("authorization");
  header.replace(header.find("=host,"), 6, "=date;host,");
  CHECK(verdict(request, "") == auth_code::mismatch);
}

TEST_CASE("a signed header that is empty may not go missing") {
  TestRequest request = test_request("GET /b/k\nHost:h\nX-Amz-Meta-A:");
  const Credentials credentials{"A", std::string(recorded_secret), ""};
  for (auto& field : sign_request(request, credentials, "us-east-1", "s3", sha256_hex(""), now))
    request.headers.push_back(std::move(field));
  CHECK(verdict(request, "") == "");
  std::erase_if(request.headers, [](const auto& f) { return f.first == "X-Amz-Meta-A"; });
  CHECK(verdict(request, "") == auth_code::mismatch);
}

// SEMANTICS A3
TEST_CASE("a clock may be 15 minutes off, not more") {
  CHECK(verdict_at("json", now + std::chrono::minutes(15)) == "");
  CHECK(verdict_at("json", now - std::chrono::minutes(15)) == "");
  CHECK(verdict_at("json", now + std::chrono::minutes(15) + Millis(1)) == auth_code::skewed);
  CHECK(verdict_at("json", now - std::chrono::minutes(15) - Millis(1)) == auth_code::skewed);
}

// SEMANTICS S22
TEST_CASE("a presigned URL ends when it says") {
  for (const std::string_view name : {"presigned v4", "presigned v2"}) {
    CAPTURE(name);
    CHECK(verdict_at(name, now + std::chrono::seconds(3600)) == "");
    CHECK(verdict_at(name, now + std::chrono::seconds(3601)) == auth_code::request_expired);
  }
  CHECK(verdict_at("presigned v4", now - std::chrono::minutes(16)) == auth_code::request_expired);
  CHECK(verdict_at("presigned v4 put with a signed header", now + std::chrono::days(7)) == "");
}

TEST_CASE("a path or query sent bare verifies if its encoded form was signed") {
  TestRequest request = test_request(recorded("s3 put, key with space, unicode and plus").head);
  request.set_target("/bkt/a b/%c3%bc+.txt");
  CHECK(verdict(request, "hello") == "");
  request = test_request(recorded("s3 list, empty value, sorted query").head);
  request.set_target("/bkt?list-type=2&prefix=a+b/&delimiter=/&encoding-type=url&start-after");
  CHECK(verdict(request, "") == "");
}

TEST_CASE("header values are signed trimmed, with inner blanks as one, and joined") {
  const std::vector<RequestView::Field> fields = {{"X-Amz-Meta-A", " \t one  two\t"},
                                                  {"Other", "x"},
                                                  {"x-amz-meta-a", ""},
                                                  {"X-AMZ-META-A", "3"}};
  CHECK(canonical_header(fields, "x-amz-meta-a") == "one two,,3");
  CHECK(canonical_header(fields, "none") == "");
}

TEST_CASE("a mismatch shows what should have been signed") {
  const auto& r = recorded("json");
  const TestRequest request = test_request(r.head);
  const auto refused =
      verify_signature(*parse_signature(request), request, "another", sha256_hex(r.body), now);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::denied);
  CHECK(refused.error().message.find("'POST\n/\n\ncontent-type:application/x-amz-json-1.1\n") !=
        std::string::npos);
  CHECK(refused.error().message.find("20261123/us-east-1/sagemaker/aws4_request") !=
        std::string::npos);
}
