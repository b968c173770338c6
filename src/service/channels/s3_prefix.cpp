#include "os/mounts.hpp"
#include "s3/location.hpp"
#include "service/channels/elsewhere.hpp"
#include "service/channels/source.hpp"

#include <sys/stat.h>

// {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://BUCKET/PREFIX"}}

namespace trainyard::channels {
namespace {

bool is_of(const wire::DataSource& source) {
  return source.S3DataSource && source.S3DataSource->S3DataType == "S3Prefix";
}

// The directory that the prefix names, of a bucket that is one and is not to be copied: mounted as
// it is.
Result<std::optional<std::string>> directory_of(const Settings& settings, const s3::Location& at,
                                                std::string_view mode) {
  const BucketSettings* bucket = elsewhere(settings, at.bucket);
  if (!bucket || bucket->path.empty() || bucket->snapshot || mode == "Pipe")
    return std::optional<std::string>();
  const os::Path below = at.key.empty() ? "." : os::Path(at.key);
  for (const auto& part : below)
    if (part == ".." || part == "/") return std::optional<std::string>();  // no key, then
  const os::Fd fd(os::open_within(bucket->path.c_str(), below.c_str()));
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISDIR(st.st_mode))
    return std::optional<std::string>();
  const auto path = (os::Path(bucket->path) / below).lexically_normal().string();
  return std::optional(path.ends_with('/') ? path.substr(0, path.size() - 1) : path);
}

Result<std::string> stage_prefix(const Stores& stores, const wire::Channel& channel,
                                 std::string_view mode) {
  const s3::Location at = TRY(s3::parse_uri(channel.DataSource.S3DataSource->S3Uri));
  TRY(check_role(stores, Access::list, at.bucket, at.key));
  if (const auto directory = TRY(directory_of(stores.settings, at, mode))) return *directory;
  return stage_objects(stores, {at.bucket, at.key}, mode);
}

}  // namespace

const Source s3_prefix{is_of, check_uri, stage_prefix, show_objects};

}  // namespace trainyard::channels
