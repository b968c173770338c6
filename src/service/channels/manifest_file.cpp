#include "s3/location.hpp"
#include "service/channels/manifest.hpp"
#include "service/channels/source.hpp"

#include <fmt/format.h>

// {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://BUCKET/KEY"}}

namespace trainyard::channels {
namespace {

constexpr std::size_t manifest_bytes_max = 256u << 20;

bool is_of(const wire::DataSource& source) {
  return source.S3DataSource && source.S3DataSource->S3DataType == "ManifestFile";
}

Result<std::string> stage_manifest(const Stores& stores, const wire::Channel& channel,
                                   std::string_view mode) {
  const std::string& uri = channel.DataSource.S3DataSource->S3Uri;
  const s3::Location at = TRY(s3::parse_uri(uri));
  const auto of_manifest = [&](const Error& error) {
    return in_context(
        error, fmt::format("read the manifest {} of channel '{}'", uri, channel.ChannelName));
  };
  const auto text = read_object(stores, at.bucket, at.key, manifest_bytes_max);
  if (!text) return of_manifest(text.error());
  auto manifest = parse_manifest(*text);
  if (!manifest) return of_manifest(manifest.error());
  auto made = stage_objects(stores,
                            {.bucket = manifest->bucket,
                             .prefix = manifest->prefix,
                             .keys = std::move(manifest->keys),
                             .manifest = uri},
                            mode);
  if (!made) return of_manifest(made.error());
  return made;
}

}  // namespace

const Source manifest_file{is_of, check_uri, stage_manifest, show_objects};

}  // namespace trainyard::channels
