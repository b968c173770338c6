#include "wire/sign/test_request.hpp"

#include <doctest/doctest.h>

using namespace trainyard;
using namespace trainyard::wire;

namespace {

constexpr std::string_view scope = "AKID/20261123/us-east-1/s3/aws4_request";
const std::string digits(64, 'a');

TestRequest with_authorization(std::string value) {
  TestRequest out;
  out.method = "GET";
  out.set_target("/");
  out.headers = {{"Host", "h"}, {"X-Amz-Date", std::string(recorded_at)}};
  out.headers.emplace_back("Authorization", std::move(value));
  return out;
}

std::string authorization(std::string_view credential, std::string_view names,
                          std::string_view signature) {
  return "AWS4-HMAC-SHA256 Credential=" + std::string(credential) +
         ", SignedHeaders=" + std::string(names) + ", Signature=" + std::string(signature);
}

std::string code_of(const TestRequest& request) {
  const auto parsed = parse_signature(request);
  return parsed ? "" : parsed.error().code;
}

std::string presigned(std::string_view expires, std::string_view rest = "") {
  return "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + std::string(scope) +
         "&X-Amz-Date=20261123T192652Z&X-Amz-SignedHeaders=host&X-Amz-Expires=" +
         std::string(expires) + "&X-Amz-Signature=" + digits + std::string(rest);
}

std::string code_of_target(std::string_view target) {
  TestRequest request;
  request.method = "GET";
  request.set_target(target);
  return code_of(request);
}

}  // namespace

TEST_CASE("an unsigned request has no signature, and that is refused only by verifying") {
  TestRequest request;
  request.set_target("/b?list-type=2&Signature=x");
  const auto parsed = parse_signature(request);
  REQUIRE(parsed);
  CHECK(parsed->kind == Signature::Kind::none);
  CHECK(verdict(request, "") == auth_code::missing);
}

TEST_CASE("the parts of an Authorization header may come in any order, close together") {
  const auto parsed = parse_signature(
      with_authorization("AWS4-HMAC-SHA256 Signature=" + digits +
                         ",SignedHeaders=host;x-amz-date,Credential=" + std::string(scope)));
  REQUIRE(parsed);
  CHECK(parsed->kind == Signature::Kind::header_v4);
  CHECK(parsed->access_key == "AKID");
  CHECK(parsed->scope() == "20261123/us-east-1/s3/aws4_request");
  CHECK(parsed->signed_headers == std::vector<std::string>{"host", "x-amz-date"});
  CHECK(parsed->payload == Signature::Payload::hash_of_body);
  CHECK(parsed->signed_at == *parse_amz_date(recorded_at));
}

TEST_CASE("an Authorization header that cannot be read is refused") {
  for (const std::string& bad : std::vector<std::string>{
           "",
           "AWS4-HMAC-SHA256",
           "AWS4-HMAC-SHA256 ",
           "AWS4-HMAC-SHA256X Credential=a",
           "AWS AKID:c2ln",
           "Bearer token",
           "AWS4-ECDSA-P256-SHA256 Credential=a",
           authorization(scope, "host", digits) + ", Signature=" + digits,
           authorization(scope, "host", digits) + ", More=1",
           "AWS4-HMAC-SHA256 ,,,",
           authorization("AKID/20261123/us-east-1/s3", "host", digits),
           authorization("AKID/20261123/us-east-1/s3/aws4", "host", digits),
           authorization(std::string(scope) + "/more", "host", digits),
           authorization("A/B/20261123/us-east-1/s3/aws4_request", "host", digits),
           authorization("/20261123/us-east-1/s3/aws4_request", "host", digits),
           authorization("A\nB/20261123/us-east-1/s3/aws4_request", "host", digits),
           authorization("AKID/20261123//s3/aws4_request", "host", digits),
           authorization(std::string(129, 'A') + "/20261123/r/s3/aws4_request", "host", digits),
           authorization(scope, "", digits),
           authorization(scope, "host;", digits),
           authorization(scope, "Host", digits),
           authorization(scope, "host", ""),
           authorization(scope, "host", digits + "a"),
           authorization(scope, "host", std::string(64, 'A')),
           authorization(scope, "host", std::string(64, 'g'))}) {
    CAPTURE(bad);
    CHECK(code_of(with_authorization(bad)) == auth_code::incomplete);
  }
  std::string many = "a";
  for (int i = 0; i < 100; ++i)
    many += ";a";
  CHECK(code_of(with_authorization(authorization(scope, many, digits))) == auth_code::incomplete);
}

TEST_CASE("the date is X-Amz-Date or Date, and of the scope's day") {
  TestRequest request = with_authorization(authorization(scope, "host;date", digits));
  *request.header("x-amz-date") = "20261124T000000Z";
  CHECK(code_of(request) == auth_code::mismatch);
  for (const char* bad : {"", "20261123T192652", "20261123T252652Z", "20261323T192652Z",
                          "2026-11-23T19:26:52Z", "20260231T192652Z", "2026112+T192652Z"}) {
    CAPTURE(bad);
    *request.header("x-amz-date") = bad;
    CHECK(code_of(request) == auth_code::incomplete);
  }
  request.headers.erase(request.headers.begin() + 1);
  CHECK(code_of(request) == auth_code::incomplete);
  request.headers.emplace_back("Date", "Mon, 23 Nov 2026 19:26:52 GMT");
  const auto parsed = parse_signature(request);
  REQUIRE(parsed);
  CHECK(parsed->timestamp == recorded_at);
}

TEST_CASE("what is said of the body is one of six things, and only S3 takes all") {
  using Payload = Signature::Payload;
  const std::pair<std::string, Payload> known[] = {
      {digits, Payload::declared},
      {"UNSIGNED-PAYLOAD", Payload::unsigned_payload},
      {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", Payload::unsigned_trailer},
      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Payload::signed_chunks},
      {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", Payload::signed_chunks_trailer}};
  constexpr std::string_view elsewhere = "AKID/20261123/us-east-1/logs/aws4_request";
  for (const auto& [text, payload] : known) {
    CAPTURE(text);
    TestRequest request = with_authorization(authorization(scope, "host", digits));
    request.headers.emplace_back("x-amz-content-sha256", text);
    const auto parsed = parse_signature(request);
    REQUIRE(parsed);
    CHECK(parsed->payload == payload);
    CHECK(parsed->is_chunked() == text.starts_with("STREAMING"));
    *request.header("authorization") = authorization(elsewhere, "host", digits);
    CHECK(code_of(request) == (payload == Payload::declared ? "" : "InvalidArgument"));
  }
  for (const char* bad : {"", "unsigned-payload", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"}) {
    TestRequest request = with_authorization(authorization(scope, "host", digits));
    request.headers.emplace_back("x-amz-content-sha256", bad);
    CHECK(code_of(request) == "InvalidArgument");
  }
}

TEST_CASE("a request is signed in one way, and each part of it is there once") {
  TestRequest request = with_authorization(authorization(scope, "host", digits));
  request.set_target(presigned("60"));
  CHECK(code_of(request) == "InvalidArgument");
  request = with_authorization(authorization(scope, "host", digits));
  request.set_target("/b/k?AWSAccessKeyId=A&Signature=s&Expires=1");
  CHECK(code_of(request) == "InvalidArgument");
  CHECK(code_of_target(presigned("60", "&AWSAccessKeyId=A")) == "InvalidArgument");
  for (const char* twice : {"authorization", "x-amz-date"}) {
    request = with_authorization(authorization(scope, "host", digits));
    request.headers.emplace_back(twice, *request.header(twice));
    CHECK(code_of(request) == auth_code::incomplete);
  }
  CHECK(code_of_target(presigned("60", "&X-Amz-Expires=99")) == auth_code::incomplete);
}

TEST_CASE("a presigned URL is good for 1 second to 7 days") {
  CHECK(code_of_target(presigned("1")) == "");
  CHECK(code_of_target(presigned("604800")) == "");
  for (const char* bad : {"0", "604801", "-1", "", "1.5", "1e3", "99999999999999999999999999"}) {
    CAPTURE(bad);
    CHECK(code_of_target(presigned(bad)) == auth_code::incomplete);
  }
}

TEST_CASE("a presigned URL with a part missing or broken is refused") {
  const std::string whole = presigned("60");
  for (const std::string_view name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date",
                                      "X-Amz-SignedHeaders", "X-Amz-Expires", "X-Amz-Signature"}) {
    CAPTURE(name);
    std::string bad = whole;
    bad.replace(bad.find(name), name.size(), "X-Amz-Other");
    CHECK(code_of_target(bad) == auth_code::incomplete);
    bad = whole;
    bad.insert(bad.find(name) + name.size() + 1, "%G0");
    CHECK(code_of_target(bad) == auth_code::incomplete);
  }
  for (const char* bad :
       {"/?AWSAccessKeyId=A", "/?AWSAccessKeyId=A&Signature=s", "/?Signature=s&Expires=1",
        "/?AWSAccessKeyId=A&Signature=s&Expires=x", "/?AWSAccessKeyId=A/B&Signature=s&Expires=1"}) {
    CAPTURE(bad);
    CHECK(code_of_target(bad) == auth_code::incomplete);
  }
}

TEST_CASE("a request has at most 1000 query parameters") {
  std::string target = "/?a";
  for (int i = 0; i < 999; ++i)
    target += "&a";
  CHECK(code_of_target(target) == "");
  CHECK(code_of_target(target + "&a") == "InvalidArgument");
}
