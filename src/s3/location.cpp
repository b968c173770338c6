#include "s3/location.hpp"

#include <algorithm>

namespace trainyard::s3 {
namespace {

constexpr std::string_view scheme = "s3://";
constexpr std::size_t key_bytes_max = 1024;

bool is_bucket_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

Failure refuse(std::string_view uri, std::string_view why) {
  return fail(ErrorKind::invalid, "ValidationException",
              "\"" + std::string(uri) + "\" is no S3 location (" + std::string(why) +
                  "); write s3://BUCKET/KEY");
}

}  // namespace

Result<Location> parse_uri(std::string_view uri) {
  if (!uri.starts_with(scheme)) return refuse(uri, "it does not begin with s3://");
  const std::string_view rest = uri.substr(scheme.size());
  const std::size_t slash = rest.find('/');
  const std::string_view bucket = rest.substr(0, slash);
  const std::string_view key = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
  if (!is_bucket_name(bucket))
    return refuse(uri, "a bucket's name is 3 to 63 of a-z, 0-9, '-' and '.'");
  if (key.size() > key_bytes_max) return refuse(uri, "its key is longer than 1024 bytes");
  if (key.find('\0') != key.npos) return refuse(uri, "its key holds a NUL byte");
  return Location{std::string(bucket), std::string(key)};
}

Location as_directory(Location location) {
  if (!location.key.empty() && location.key.back() != '/') location.key += '/';
  return location;
}

}  // namespace trainyard::s3
