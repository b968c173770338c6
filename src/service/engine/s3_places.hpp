#pragma once
/// The S3 side of a job's inputs: what must hold before the job is taken.

#include "base/result.hpp"
#include "service/store/database.hpp"

#include <string>
#include <string_view>

namespace trainyard::engine {

struct S3Uri {
  std::string bucket, key;
};
/// "s3://BUCKET[/KEY]"; an error of kind `invalid` otherwise.
Result<S3Uri> parse_s3_uri(std::string_view uri);

/// An error of kind `invalid`, worded as the service words it, when nothing lies under the URI.
Result<> check_input(store::Snapshot& s, std::string_view uri, std::string_view role,
                     std::string_view region);

}  // namespace trainyard::engine
