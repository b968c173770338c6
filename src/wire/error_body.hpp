#pragma once
/// One Error, worded as each protocol words it: code, status and body. Pure.
///
/// Sources: "Error responses" of the S3 API reference and "Common errors" of the SageMaker, STS and
/// IAM references; botocore's parsers for what of them is read.

#include "base/result.hpp"
#include "wire/http.hpp"

#include <string>
#include <string_view>

namespace trainyard::wire {

enum class Protocol {
  json,   ///< SageMaker, Logs: JSON 1.1
  query,  ///< STS, IAM: form in, XML out
  s3,     ///< REST-XML
};

/// The code that clients of that protocol know the error by: the neutral ones of
/// wire/sign/verify.hpp are translated, all others stay.
std::string error_code(const Error& error, Protocol protocol);

/// S3 and Query have many statuses; the JSON services answer 400 to all that the client can mend.
int http_status(const Error& error, Protocol protocol);

/// <ErrorResponse><Error><Type>Sender</Type><Code>...
std::string query_error_xml(const Error& error, std::string_view request_id);

/// <Error><Code>...<Resource>/bucket/key</Resource><RequestId>..., for who answers 200 first.
std::string s3_error_xml(const Error& error, std::string_view resource,
                         std::string_view request_id);

/// Whole answers, with content type and request id. JSON: {"__type":"...","message":"..."}.
Response json_error(const Error& error, std::string_view request_id);
Response query_error(const Error& error, std::string_view request_id);
/// `resource` is the request's path. A HEAD's answer has no body, nor has a 304.
Response s3_error(const Error& error, std::string_view resource, std::string_view request_id,
                  bool is_head);

}  // namespace trainyard::wire
