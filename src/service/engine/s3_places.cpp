#include "service/engine/s3_places.hpp"

#include "base/default_bucket.hpp"
#include "s3/location.hpp"
#include "service/store/objects.hpp"

#include <fmt/format.h>

namespace trainyard::engine {
namespace {

constexpr std::size_t key_bytes_max = 1024;

}  // namespace

Result<> check_output(store::Snapshot& s, std::string_view member, std::string_view uri,
                      std::string_view longest, std::string_view account,
                      const Settings& settings) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorKind::invalid, "ValidationException",
                fmt::format("Invalid {} \"{}\": {}", member, uri, what));
  };
  const auto at = s3::parse_uri(uri);
  if (!at) return refuse("write s3://BUCKET/PREFIX.");
  if (at->key.size() + longest.size() > key_bytes_max || at->key.find('\0') != std::string::npos)
    return refuse(fmt::format("its objects would have keys that S3 cannot have: at most {} bytes, "
                              "\"{}\" behind the prefix included, and no NUL.",
                              key_bytes_max, longest));
  if (settings.buckets.contains(at->bucket))
    return refuse(fmt::format("the bucket \"{}\" is only read ([buckets.{}] of the settings). Name "
                              "one of the store's own.",
                              at->bucket, at->bucket));
  if (!default_bucket_region(at->bucket, account).empty()) return {};
  if (TRY(store::find_bucket(s, at->bucket))) return {};
  return refuse(
      fmt::format("the bucket \"{}\" does not exist. Make it (aws s3 mb s3://{}), or name "
                  "one that exists.",
                  at->bucket, at->bucket));
}

}  // namespace trainyard::engine
