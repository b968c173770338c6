#include "origin/buckets.hpp"

namespace trainyard::origin {
namespace {

constexpr Millis patience{60'000};

wire::OriginSpec spec_of(const std::string& name, const BucketSettings& b,
                         const Settings& settings) {
  wire::OriginSpec out;
  out.Name = name;
  out.Path = b.path;
  out.Snapshot = b.snapshot;
  out.Endpoint = b.endpoint;
  out.Bucket = b.bucket;
  out.Prefix = b.prefix;
  out.Region = b.region.empty() ? settings.region : b.region;
  out.AccessKeyId = b.access_key_id;
  out.SecretAccessKey = b.secret_access_key;
  out.Profile = b.profile;
  out.CredentialsFile = b.credentials_file;
  out.CaBundle = b.ca_bundle;
  return out;
}

}  // namespace

const BucketSettings* elsewhere(const Settings& settings, const std::string& bucket) {
  const auto found = settings.buckets.find(bucket);
  return found == settings.buckets.end() ? nullptr : &found->second;
}

std::vector<wire::OriginSpec> origin_specs(const Settings& settings) {
  std::vector<wire::OriginSpec> out;
  for (const auto& [name, bucket] : settings.buckets)
    out.push_back(spec_of(name, bucket, settings));
  return out;
}

Result<std::unique_ptr<Origin>> open_elsewhere(const Settings& settings,
                                               const std::string& bucket) {
  const BucketSettings* found = elsewhere(settings, bucket);
  if (!found) return fail_internal("open the bucket " + bucket + ": it is not told of");
  return open_origin(spec_of(bucket, *found, settings), s3::retry_until(-1, {.total = patience}));
}

}  // namespace trainyard::origin
