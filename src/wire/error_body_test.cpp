#include "wire/error_body.hpp"
#include "wire/sign/verify.hpp"

#include <doctest/doctest.h>

using namespace trainyard;
using namespace trainyard::wire;

namespace {

std::string words(const Error& error, Protocol protocol) {
  return error_code(error, protocol) + " " + std::to_string(http_status(error, protocol));
}

std::string text(const Response& response) {
  return std::get<std::string>(response.body);
}

const Error no_key{ErrorKind::not_found, "NoSuchKey", "The key <k> is not there."};

}  // namespace

// SEMANTICS A2
TEST_CASE("a refused request is named as each protocol names it") {
  const auto all = [](const char* code, ErrorKind kind = ErrorKind::denied) {
    const Error error{kind, code, ""};
    return words(error, Protocol::s3) + ", " + words(error, Protocol::json) + ", " +
           words(error, Protocol::query);
  };
  CHECK(all(auth_code::unknown_key) ==
        "InvalidAccessKeyId 403, UnrecognizedClientException 400, InvalidClientTokenId 403");
  CHECK(all(auth_code::mismatch) ==
        "SignatureDoesNotMatch 403, InvalidSignatureException 400, SignatureDoesNotMatch 403");
  CHECK(all(auth_code::missing) == "AccessDenied 403, MissingAuthenticationTokenException 400, "
                                   "MissingAuthenticationToken 403");
  CHECK(all(auth_code::expired_token) ==
        "ExpiredToken 400, ExpiredTokenException 400, ExpiredToken 403");
  CHECK(all(auth_code::skewed) ==
        "RequestTimeTooSkewed 403, InvalidSignatureException 400, SignatureDoesNotMatch 403");
  CHECK(all(auth_code::request_expired) ==
        "AccessDenied 403, InvalidSignatureException 400, SignatureDoesNotMatch 403");
}

TEST_CASE("the status follows the kind, and S3's code where that says more") {
  CHECK(words(no_key, Protocol::s3) == "NoSuchKey 404");
  CHECK(words({ErrorKind::not_found, "NoSuchEntity", ""}, Protocol::query) == "NoSuchEntity 404");
  CHECK(words({ErrorKind::not_found, "ValidationException", ""}, Protocol::json) ==
        "ValidationException 400");
  CHECK(words({ErrorKind::conflict, "ResourceInUse", ""}, Protocol::json) == "ResourceInUse 400");
  CHECK(words({ErrorKind::conflict, "BucketNotEmpty", ""}, Protocol::s3) == "BucketNotEmpty 409");
  CHECK(words({ErrorKind::conflict, "PreconditionFailed", ""}, Protocol::s3) ==
        "PreconditionFailed 412");
  CHECK(words({ErrorKind::invalid, "InvalidRange", ""}, Protocol::s3) == "InvalidRange 416");
  CHECK(words({ErrorKind::limit, "ThrottlingException", ""}, Protocol::json) ==
        "ThrottlingException 400");
  CHECK(words({ErrorKind::unavailable, "SlowDown", ""}, Protocol::s3) == "SlowDown 503");
  CHECK(words({ErrorKind::internal, "InternalFailure", ""}, Protocol::s3) == "InternalError 500");
  CHECK(words({ErrorKind::internal, "InternalFailure", ""}, Protocol::json) ==
        "InternalFailure 500");
}

TEST_CASE("a JSON error has __type and message") {
  const auto out = json_error({ErrorKind::invalid, "ValidationException", "a \"b\""}, "id-1");
  CHECK(out.status == 400);
  CHECK(out.headers.get("content-type") == "application/x-amz-json-1.1");
  CHECK(out.headers.get("x-amzn-requestid") == "id-1");
  CHECK(text(out) == R"({"__type":"ValidationException","message":"a \"b\""})");
}

TEST_CASE("an S3 error is XML, and nothing for a HEAD or a 304") {
  const auto out = s3_error(no_key, "/b/<k>", "id-1", false);
  CHECK(out.status == 404);
  CHECK(text(out) ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The key "
        "&lt;k&gt; is not there.</Message><Resource>/b/&lt;k&gt;</Resource><RequestId>id-1"
        "</RequestId></Error>");
  const auto head = s3_error(no_key, "/b/k", "id-1", true);
  CHECK(head.status == 404);
  CHECK(text(head) == "");
  CHECK(text(s3_error({ErrorKind::conflict, "NotModified", ""}, "/b/k", "id", false)) == "");
}

TEST_CASE("a Query error says whose fault it was") {
  const auto out = query_error({ErrorKind::not_found, "NoSuchEntity", "no role"}, "id-1");
  CHECK(out.status == 404);
  CHECK(text(out) == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse><Error>"
                     "<Type>Sender</Type><Code>NoSuchEntity</Code><Message>no role</Message>"
                     "</Error><RequestId>id-1</RequestId></ErrorResponse>");
  const auto ours = query_error({ErrorKind::internal, "InternalFailure", "x"}, "id");
  CHECK(ours.status == 500);
  CHECK(text(ours).find("<Type>Receiver</Type>") != std::string::npos);
}
