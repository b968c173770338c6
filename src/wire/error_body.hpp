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

/// {"__type":"ValidationException","message":"..."}
std::string json_error(const Error& error);

/// <ErrorResponse><Error><Type>Sender</Type><Code>..., `space` being the API's name space.
std::string query_error_xml(const Error& error, std::string_view request_id,
                            std::string_view space = "");

/// <Error><Code>...<Resource>/bucket/key</Resource><RequestId>...
std::string s3_error_xml(const Error& error, std::string_view resource,
                         std::string_view request_id);

/// The whole answer with its content type and request id. `resource` is the request's path; a HEAD
/// has no body.
Response error_response(const Error& error, Protocol protocol, std::string_view resource,
                        std::string_view request_id, bool is_head = false);

}  // namespace trainyard::wire
