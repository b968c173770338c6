#include "service/api/s3/errors.hpp"

#include <fmt/format.h>

namespace trainyard::api {

Failure no_such_bucket() {
  return fail(ErrorKind::not_found, "NoSuchBucket", "The specified bucket does not exist");
}

Failure no_such_key() {
  return fail(ErrorKind::not_found, "NoSuchKey", "The specified key does not exist.");
}

Failure no_such_upload() {
  return fail(ErrorKind::not_found, "NoSuchUpload",
              "The specified upload does not exist. The upload ID may be invalid, or the upload "
              "may have been aborted or completed.");
}

Failure precondition_failed(std::string_view condition) {
  return fail(
      ErrorKind::conflict, "PreconditionFailed",
      fmt::format("At least one of the pre-conditions you specified did not hold: {}", condition));
}

Failure bad_request(std::string code, std::string message) {
  return fail(ErrorKind::invalid, std::move(code), std::move(message));
}

Failure malformed_xml() {
  return fail(ErrorKind::invalid, "MalformedXML",
              "The XML you provided was not well-formed or did not validate against our published "
              "schema");
}

}  // namespace trainyard::api
