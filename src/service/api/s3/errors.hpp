#pragma once
/// S3's errors, in S3's words.

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace trainyard::api {

Failure no_such_bucket();
Failure no_such_key();
Failure no_such_upload();
Failure precondition_failed(std::string_view condition);
/// 400 with a code and a sentence.
Failure bad_request(std::string code, std::string message);
Failure malformed_xml();

}  // namespace trainyard::api
