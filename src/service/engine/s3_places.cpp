#include "service/engine/s3_places.hpp"

#include "base/default_bucket.hpp"
#include "service/store/objects.hpp"

#include <fmt/format.h>

namespace trainyard::engine {
namespace {

constexpr std::size_t key_bytes_max = 1024;

}  // namespace

Result<S3Uri> parse_s3_uri(std::string_view uri) {
  constexpr std::string_view scheme = "s3://";
  const auto rest = uri.starts_with(scheme) ? uri.substr(scheme.size()) : std::string_view();
  const auto slash = rest.find('/');
  const auto bucket = rest.substr(0, slash);
  if (bucket.empty())
    return fail(ErrorKind::invalid, "ValidationException",
                fmt::format("'{}' is not an S3 URI: write s3://BUCKET/PREFIX", uri));
  return S3Uri{std::string(bucket),
               slash == std::string_view::npos ? "" : std::string(rest.substr(slash + 1))};
}

Result<> check_input(store::Snapshot& s, std::string_view uri, std::string_view role,
                     std::string_view region) {
  const S3Uri at = TRY(parse_s3_uri(uri));
  if (TRY(store::has_prefix(s, at.bucket, at.key))) return {};
  return fail(
      ErrorKind::invalid, "ValidationException",
      fmt::format("No S3 objects found under S3 URL \"{}\" given in input data source. Please "
                  "ensure that the bucket exists in the selected region ({}), that objects exist "
                  "under that S3 prefix, and that the role \"{}\" has \"s3:ListBucket\" "
                  "permissions on bucket \"{}\".",
                  uri, region, role, at.bucket));
}

Result<> check_output(store::Snapshot& s, std::string_view member, std::string_view uri,
                      std::string_view longest, std::string_view account) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorKind::invalid, "ValidationException",
                fmt::format("Invalid {} \"{}\": {}", member, uri, what));
  };
  const auto at = parse_s3_uri(uri);
  if (!at) return refuse("write s3://BUCKET/PREFIX.");
  if (at->key.size() + longest.size() > key_bytes_max || at->key.find('\0') != std::string::npos)
    return refuse(fmt::format("its objects would have keys that S3 cannot have: at most {} bytes, "
                              "\"{}\" behind the prefix included, and no NUL.",
                              key_bytes_max, longest));
  if (!default_bucket_region(at->bucket, account).empty()) return {};
  if (TRY(store::find_bucket(s, at->bucket))) return {};
  return refuse(
      fmt::format("the bucket \"{}\" does not exist. Make it (aws s3 mb s3://{}), or name "
                  "one that exists.",
                  at->bucket, at->bucket));
}

}  // namespace trainyard::engine
