#include "service/channels/s3_uri.hpp"

#include <fmt/format.h>

namespace trainyard::channels {

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

}  // namespace trainyard::channels
