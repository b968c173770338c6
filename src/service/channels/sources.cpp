#include "s3/location.hpp"
#include "service/channels/elsewhere.hpp"
#include "service/channels/source.hpp"
#include "service/store/objects.hpp"

#include <fmt/format.h>

#include <sys/mman.h>

namespace trainyard::channels {
namespace {

const Source* source_of(const wire::Channel& channel) {
  for (const Source* source : sources())
    if (source->is_of(channel.DataSource)) return source;
  return nullptr;
}

}  // namespace

const std::vector<const Source*>& sources() {
  static const std::vector<const Source*> all{&s3_prefix, &manifest_file, &augmented_manifest,
                                              &file_system};
  return all;
}

std::string_view mode_of(const wire::Channel& channel, std::string_view job_mode) {
  if (channel.InputMode) return *channel.InputMode;
  return source_of(channel) == &file_system ? "File" : job_mode;
}

Failure refuse(const wire::Channel& channel, std::string_view why) {
  return fail(ErrorKind::invalid, "ValidationException",
              fmt::format("Channel '{}': {}", channel.ChannelName, why));
}

Result<> check_uri(const Settings&, const wire::Channel& channel, std::string_view) {
  TRY(s3::parse_uri(channel.DataSource.S3DataSource->S3Uri));
  return {};
}

Result<> check_role(const Stores& stores, Access access, std::string_view bucket,
                    std::string_view key) {
  const auto why = role_denial(stores.settings, stores.role, access, bucket, key);
  if (why.empty()) return {};
  return fail(ErrorKind::invalid, "AccessDenied",
              fmt::format("the job's role {} may not {} s3://{}/{}: {}", stores.role,
                          access == Access::list ? "list" : "read", bucket, key, why));
}

Result<std::string> stage_objects(const Stores& stores, const objects::Selection& selection,
                                  std::string_view mode) {
  if (!selection.keys)
    TRY(check_role(stores, Access::list, selection.bucket, selection.prefix));
  else
    for (const auto& key : *selection.keys)
      TRY(check_role(stores, Access::read, selection.bucket, key));
  const auto form = mode == "Pipe" ? objects::Form::sequence : objects::Form::tree;
  if (!elsewhere(stores.settings, selection.bucket))
    return stores.snapshots.snapshot(selection, form);
  const auto items = TRY(list_elsewhere(stores.settings, selection, form));
  return std::string(list_front) + TRY(stores.snapshots.index(items));
}

void show_objects(const Settings& settings, const wire::Channel& channel, wire::ChannelSpec& out) {
  out.Access = out.InputMode == "File" ? "overlay" : "ro";
  const auto at = s3::parse_uri(channel.DataSource.S3DataSource->S3Uri);
  const BucketSettings* bucket = at ? elsewhere(settings, at->bucket) : nullptr;
  if (!bucket || bucket->path.empty() || !(out.Source + "/").starts_with(bucket->path + "/"))
    return;
  out.Access = "ro";  // somebody's own files, as they are
  out.Within = bucket->path;
}

Result<std::string> read_elsewhere(const Settings& settings, const std::string& bucket,
                                   const std::string& key, std::size_t bytes_max) {
  const auto origin = TRY(origin::open_elsewhere(settings, bucket));
  const auto object = TRY(origin->head(key)).entry;
  if (object.size > bytes_max)
    return fail(ErrorKind::invalid, "ValidationException",
                fmt::format("s3://{}/{} has {} bytes; it may have {}", bucket, key, object.size,
                            bytes_max));
  const os::Fd file(::memfd_create("object", MFD_CLOEXEC));
  if (!file) return fail_errno("make a file in memory");
  TRY(origin->get(object, {0, object.size}, file.get()));
  return os::read_file(fmt::format("/proc/self/fd/{}", file.get()), bytes_max);
}

Result<std::string> read_object(const Stores& stores, const std::string& bucket,
                                const std::string& key, std::size_t bytes_max) {
  TRY(check_role(stores, Access::read, bucket, key));
  if (elsewhere(stores.settings, bucket))
    return read_elsewhere(stores.settings, bucket, key, bytes_max);
  const objects::Blobs::Hold hold(stores.blobs);
  const auto row = TRY(
      stores.readers.read([&](store::Snapshot& s) { return store::find_object(s, bucket, key); }));
  if (!row)
    return fail(ErrorKind::not_found, "ValidationException",
                fmt::format("there is no object s3://{}/{}", bucket, key));
  if (std::uint64_t(row->size) > bytes_max)
    return fail(
        ErrorKind::invalid, "ValidationException",
        fmt::format("s3://{}/{} has {} bytes; it may have {}", bucket, key, row->size, bytes_max));
  return os::read_file(stores.blobs.root() / objects::Blobs::relative_path(row->blob), bytes_max);
}

bool is_list(std::string_view source) {
  return source.starts_with(list_front);
}

Result<> check(const Settings& settings, const wire::Channel& channel, std::string_view job_mode) {
  if (channel.ChannelName == "." || channel.ChannelName == "..")
    return refuse(channel, "a channel is a directory of its name, which this one cannot be.");
  const Source* source = source_of(channel);
  if (!source)
    return refuse(channel, "a dataset of a hub is not offered yet. Use an S3 prefix or a file "
                           "system.");
  return source->check(settings, channel, mode_of(channel, job_mode));
}

Result<> check_objects(store::Snapshot& s, const wire::Channel& channel, std::string_view role,
                       std::string_view region, const Settings& settings) {
  if (!channel.DataSource.S3DataSource) return {};
  const std::string& uri = channel.DataSource.S3DataSource->S3Uri;
  const s3::Location at = TRY(s3::parse_uri(uri));
  if (elsewhere(settings, at.bucket)) return {};  // looked at when it is staged: that takes time
  if (TRY(store::has_prefix(s, at.bucket, at.key))) return {};
  const bool has_bucket = TRY(store::find_bucket(s, at.bucket)).has_value();
  return fail(
      ErrorKind::invalid, "ValidationException",
      fmt::format("No S3 objects found under S3 URL \"{}\" given in input data source. Please "
                  "ensure that the bucket exists in the selected region ({}), that objects exist "
                  "under that S3 prefix, and that the role \"{}\" has \"s3:ListBucket\" "
                  "permissions on bucket \"{}\". {}",
                  uri, region, role, at.bucket,
                  has_bucket ? "Here the bucket is there, and no key in it begins so."
                             : fmt::format("Here there is no such bucket: make it and put the data "
                                           "there (trainyard run -- aws s3 mb s3://{0}), or write "
                                           "[buckets.{0}] in the settings.",
                                           at.bucket)));
}

Result<std::string> stage(const Stores& stores, const wire::Channel& channel,
                          std::string_view job_mode) {
  const Source* source = source_of(channel);
  if (!source) return refuse(channel, "it has no data source that is offered here.");
  return source->stage(stores, channel, mode_of(channel, job_mode));
}

wire::ChannelSpec spec(const Settings& settings, const wire::Channel& channel,
                       std::string_view job_mode, std::string source) {
  wire::ChannelSpec out;
  out.Name = channel.ChannelName;
  out.InputMode = mode_of(channel, job_mode);
  out.Fetched = is_list(source) && out.InputMode != "Pipe";
  out.Source = is_list(source) ? source.substr(list_front.size()) : std::move(source);
  out.ContentType = channel.ContentType;
  out.CompressionType = channel.CompressionType.value_or("None");
  out.RecordWrapperType = channel.RecordWrapperType.value_or("None");
  if (channel.ShuffleConfig) out.ShuffleSeed = channel.ShuffleConfig->Seed;
  if (const auto& s3 = channel.DataSource.S3DataSource)
    out.S3DistributionType = s3->S3DataDistributionType.value_or("FullyReplicated");
  if (const Source* kind = source_of(channel)) kind->show(settings, channel, out);
  return out;
}

}  // namespace trainyard::channels
