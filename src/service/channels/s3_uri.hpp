#pragma once
/// "s3://BUCKET/KEY" as the API's members have it.

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace trainyard::channels {

struct S3Uri {
  std::string bucket, key;
};
/// "s3://BUCKET[/KEY]"; an error of kind `invalid` otherwise.
Result<S3Uri> parse_s3_uri(std::string_view uri);

}  // namespace trainyard::channels
