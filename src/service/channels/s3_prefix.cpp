#include "service/channels/s3_uri.hpp"
#include "service/channels/source.hpp"

// {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://BUCKET/PREFIX"}}

namespace trainyard::channels {
namespace {

bool is_of(const wire::DataSource& source) {
  return source.S3DataSource && source.S3DataSource->S3DataType == "S3Prefix";
}

Result<std::string> stage_prefix(const Stores& stores, const wire::Channel& channel,
                                 std::string_view mode) {
  const S3Uri at = TRY(parse_s3_uri(channel.DataSource.S3DataSource->S3Uri));
  return stores.snapshots.snapshot({at.bucket, at.key}, form_of(mode));
}

}  // namespace

const Source s3_prefix{is_of, check_uri, stage_prefix, show_objects};

}  // namespace trainyard::channels
