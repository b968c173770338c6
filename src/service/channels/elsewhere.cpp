#include "service/channels/elsewhere.hpp"

#include <fmt/format.h>

namespace trainyard::channels {
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

bool is_marker(const origin::Entry& entry) {
  return entry.size == 0 && entry.key.ends_with('/');
}

wire::SequenceItem item_of(const std::string& bucket, const origin::Entry& entry) {
  wire::SequenceItem out;
  out.Object = wire::OriginObject{bucket, entry.key, std::int64_t(entry.size), entry.etag};
  out.Name = fmt::format("s3://{}/{}", bucket, entry.key);
  return out;
}

// Which of the objects, in their order, are this host's: the same rule as for the store's own.
struct Shares {
  const objects::Selection& selection;
  std::int64_t files = 0, markers = 0;

  bool takes(bool is_marker) {
    if (is_marker) return ++markers, true;
    return files++ % selection.hosts == selection.host;
  }
};

Result<> place(wire::SequenceItem& item, const std::string& key, const std::string& prefix) {
  item.Place = TRY(objects::place_in_channel(key, prefix));
  return {};
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

Result<std::unique_ptr<origin::Origin>> open_elsewhere(const Settings& settings,
                                                       const std::string& bucket) {
  const BucketSettings* found = elsewhere(settings, bucket);
  if (!found) return fail_internal("open the bucket " + bucket + ": it is not told of");
  const s3::Retry retry{.policy = {.total = patience}, .pause = s3::pause_unless(-1)};
  return origin::open_origin(spec_of(bucket, *found, settings), retry);
}

Result<std::vector<wire::SequenceItem>>
list_elsewhere(const Settings& settings, const objects::Selection& selection, objects::Form form) {
  std::vector<wire::SequenceItem> out;
  Shares shares{selection};
  const bool is_tree = form == objects::Form::tree;
  const auto add = [&](const origin::Entry& entry) -> Result<bool> {
    if (!shares.takes(is_marker(entry))) return true;
    if (!is_tree && is_marker(entry)) return true;
    wire::SequenceItem item = item_of(selection.bucket, entry);
    if (is_tree) TRY(place(item, entry.key, selection.prefix));
    if (is_tree && item.Place.empty()) return true;
    if (is_marker(entry)) item.Object.reset();
    out.push_back(std::move(item));
    return true;
  };
  if (selection.keys) {
    for (const auto& key : *selection.keys) {
      if (!shares.takes(false)) continue;
      wire::SequenceItem item = item_of(selection.bucket, {key, false, 0, "", {}});
      item.Object->Size = -1;  // whoever fetches it looks
      if (is_tree) TRY(place(item, key, selection.prefix));
      out.push_back(std::move(item));
    }
  } else {
    TRY(TRY(open_elsewhere(settings, selection.bucket))->list({selection.prefix, "", ""}, add));
  }
  if (shares.files + shares.markers > 0) return out;
  return fail(ErrorKind::not_found, "ValidationException",
              fmt::format("No S3 objects found under S3 URL \"s3://{}/{}\"", selection.bucket,
                          selection.prefix));
}

}  // namespace trainyard::channels
