#pragma once
/// "s3://BUCKET/KEY" as data.

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace trainyard::s3 {

/// An object, or with `key` as a prefix all objects that begin with it.
struct Location {
  std::string bucket;
  std::string key;  ///< as it is, not percent-encoded; may be empty

  std::string uri() const { return "s3://" + bucket + "/" + key; }
};

/// Takes "s3://BUCKET", "s3://BUCKET/" and "s3://BUCKET/KEY". Bucket names by S3's rules for the
/// characters and the length (3 to 63 of a-z 0-9 . -); keys of at most 1024 bytes without NUL.
Result<Location> parse_uri(std::string_view uri);

/// `location` read as a directory: its key ends in '/' or is empty.
Location as_directory(Location location);

}  // namespace trainyard::s3
