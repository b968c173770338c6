#include "origin/origin.hpp"

#include "base/hash.hpp"
#include "origin/kinds.hpp"

#include <fmt/format.h>

namespace trainyard::origin {

Result<std::unique_ptr<Origin>> open_origin(const wire::OriginSpec& spec, const s3::Retry& retry) {
  return spec.Path.empty() ? open_remote(spec, retry) : open_directory(spec);
}

std::string identity(const wire::OriginSpec& origin, const Entry& object) {
  return sha256_hex(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", origin.Endpoint, origin.Bucket,
                                origin.Path, origin.Prefix, object.key, object.etag, object.size));
}

}  // namespace trainyard::origin
