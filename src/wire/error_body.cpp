#include "wire/error_body.hpp"

#include "wire/json.hpp"
#include "wire/sign/verify.hpp"
#include "wire/xml.hpp"

#include <algorithm>
#include <array>

namespace trainyard::wire {
namespace {

// A refused request in each protocol's words. JSON services answer 400 to all of these.
struct Translation {
  std::string_view neutral;
  const char* s3;
  int s3_status;
  const char* json;
  const char* query;
  int query_status;
};
constexpr std::array<Translation, 10> translations = {{
    {auth_code::missing, "AccessDenied", 403, "MissingAuthenticationTokenException",
     "MissingAuthenticationToken", 403},
    {auth_code::incomplete, "AuthorizationHeaderMalformed", 400, "IncompleteSignatureException",
     "IncompleteSignature", 400},
    {auth_code::unknown_key, "InvalidAccessKeyId", 403, "UnrecognizedClientException",
     "InvalidClientTokenId", 403},
    {auth_code::invalid_token, "InvalidToken", 400, "UnrecognizedClientException",
     "InvalidClientTokenId", 403},
    {auth_code::expired_token, "ExpiredToken", 400, "ExpiredTokenException", "ExpiredToken", 403},
    {auth_code::mismatch, "SignatureDoesNotMatch", 403, "InvalidSignatureException",
     "SignatureDoesNotMatch", 403},
    {auth_code::skewed, "RequestTimeTooSkewed", 403, "InvalidSignatureException",
     "SignatureDoesNotMatch", 403},
    {auth_code::request_expired, "AccessDenied", 403, "InvalidSignatureException",
     "SignatureDoesNotMatch", 403},
    {auth_code::denied, "AccessDenied", 403, "AccessDeniedException", "AccessDenied", 403},
    {auth_code::body_mismatch, "XAmzContentSHA256Mismatch", 400, "InvalidSignatureException",
     "SignatureDoesNotMatch", 403},
}};

const Translation* translation_of(const Error& error) {
  const auto it = std::find_if(translations.begin(), translations.end(),
                               [&error](const auto& t) { return t.neutral == error.code; });
  return it == translations.end() ? nullptr : &*it;
}

// S3's codes whose status their kind does not tell.
constexpr std::array<std::pair<std::string_view, int>, 11> s3_statuses = {{
    {"BucketAlreadyOwnedByYou", 409},
    {"ConditionalRequestConflict", 409},
    {"InvalidRange", 416},
    {"MethodNotAllowed", 405},
    {"MissingContentLength", 411},
    {"NotImplemented", 501},
    {"NotModified", 304},
    {"PermanentRedirect", 301},
    {"PreconditionFailed", 412},
    {"SlowDown", 503},
    {"StorageFull", 507},
}};

int status_of_kind(ErrorKind kind, Protocol protocol) {
  switch (kind) {
  case ErrorKind::unavailable:
    return 503;
  case ErrorKind::internal:
    return 500;
  case ErrorKind::not_found:
    return protocol == Protocol::json ? 400 : 404;
  case ErrorKind::conflict:
    return protocol == Protocol::json ? 400 : 409;
  case ErrorKind::denied:
    return protocol == Protocol::json ? 400 : 403;
  case ErrorKind::limit:
    return protocol == Protocol::query ? 409 : 400;
  case ErrorKind::invalid:
    return 400;
  }
  return 500;
}

}  // namespace

std::string error_code(const Error& error, Protocol protocol) {
  if (const Translation* t = translation_of(error))
    return protocol == Protocol::s3 ? t->s3 : protocol == Protocol::json ? t->json : t->query;
  if (protocol == Protocol::s3 && error.code == "InternalFailure") return "InternalError";
  return error.code;
}

int http_status(const Error& error, Protocol protocol) {
  if (protocol == Protocol::json) return status_of_kind(error.kind, protocol);
  if (const Translation* t = translation_of(error))
    return protocol == Protocol::s3 ? t->s3_status : t->query_status;
  if (protocol == Protocol::s3)
    for (const auto& [code, status] : s3_statuses)
      if (code == error.code) return status;
  return status_of_kind(error.kind, protocol);
}

std::string query_error_xml(const Error& error, std::string_view request_id) {
  const bool is_ours = http_status(error, Protocol::query) >= 500;
  XmlWriter xml;
  xml.open("ErrorResponse").open("Error");
  xml.element("Type", is_ours ? "Receiver" : "Sender");
  xml.element("Code", error_code(error, Protocol::query)).element("Message", error.message);
  xml.close().element("RequestId", request_id);
  return std::move(xml).finish();
}

std::string s3_error_xml(const Error& error, std::string_view resource,
                         std::string_view request_id) {
  XmlWriter xml;
  xml.open("Error").element("Code", error_code(error, Protocol::s3));
  xml.element("Message", error.message);
  xml.element("Resource", resource).element("RequestId", request_id);
  return std::move(xml).finish();
}

Response json_error(const Error& error, std::string_view request_id) {
  Response out;
  out.status = http_status(error, Protocol::json);
  out.headers.add("Content-Type", "application/x-amz-json-1.1");
  out.headers.add("x-amzn-RequestId", std::string(request_id));
  out.body = "{\"__type\":" + quote_json(error_code(error, Protocol::json)) +
             ",\"message\":" + quote_json(error.message) + "}";
  return out;
}

Response query_error(const Error& error, std::string_view request_id) {
  Response out;
  out.status = http_status(error, Protocol::query);
  out.headers.add("Content-Type", "text/xml");
  out.headers.add("x-amzn-RequestId", std::string(request_id));
  out.body = query_error_xml(error, request_id);
  return out;
}

Response s3_error(const Error& error, std::string_view resource, std::string_view request_id,
                  bool is_head) {
  Response out;
  out.status = http_status(error, Protocol::s3);
  out.headers.add("x-amz-request-id", std::string(request_id));
  if (is_head || out.status == 304) return out;
  out.headers.add("Content-Type", "application/xml");
  out.body = s3_error_xml(error, resource, request_id);
  return out;
}

}  // namespace trainyard::wire
