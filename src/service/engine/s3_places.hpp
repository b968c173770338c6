#pragma once
/// Where a job reads and writes on S3: what must hold before it is taken.

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

/// An error of kind `invalid` that names the member, unless its URI is s3://BUCKET/PREFIX, the
/// bucket is there (the default bucket of every region is) and PREFIX with `longest` behind it can
/// be a key.
Result<> check_output(store::Snapshot& s, std::string_view member, std::string_view uri,
                      std::string_view longest, std::string_view account);

}  // namespace trainyard::engine
