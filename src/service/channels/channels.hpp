#pragma once
/// What a channel is read from: one kind of data source a file, and the list of them (sources.cpp).
/// A kind says what may be asked of it, makes of it something that an agent can mount or read, and
/// how the agent is to show it.

#include "base/result.hpp"
#include "base/settings.hpp"
#include "service/objects/snapshots.hpp"
#include "wire/instance/spec.hpp"
#include "wire/shapes/data_source.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::channels {

/// What channels are made from.
struct Stores {
  const Settings& settings;
  objects::Snapshots& snapshots;
  objects::Blobs& blobs;
  store::Readers& readers;
  std::string role{};  ///< the job's: the name in its RoleArn
};

/// One kind of data source. `mode` is "File", "FastFile" or "Pipe".
struct Source {
  bool (*is_of)(const wire::DataSource& source);
  /// What is wrong with the request, in words, before the job is taken: kind `invalid`.
  Result<> (*check)(const Settings& settings, const wire::Channel& channel, std::string_view mode);
  /// The host path for ChannelSpec::Source, or as is_list() has it. Blocks. Kind `invalid` or
  /// `not_found` is the request's fault.
  Result<std::string> (*stage)(const Stores& stores, const wire::Channel& channel,
                               std::string_view mode);
  /// Fills in Access and Within.
  void (*show)(const Settings& settings, const wire::Channel& channel, wire::ChannelSpec& out);
};

/// All kinds.
const std::vector<const Source*>& sources();

/// The channel's own mode, or the job's. A file system is a directory ("File"), whatever mode the
/// job has for channels that name none.
std::string_view mode_of(const wire::Channel& channel, std::string_view job_mode);

/// A channel of a job whose TrainingInputMode is `job_mode`.
Result<> check(const Settings& settings, const wire::Channel& channel, std::string_view job_mode);
/// An error of kind `invalid`, worded as the service words it, when the channel's S3Uri leads to
/// nothing.
Result<> check_objects(store::Snapshot& s, const wire::Channel& channel, std::string_view role,
                       std::string_view region, const Settings& settings);
Result<std::string> stage(const Stores& stores, const wire::Channel& channel,
                          std::string_view job_mode);
/// Whether what was staged is a list of what an agent is to fetch ("list:PATH"), and no directory.
bool is_list(std::string_view source);
/// What the agent is told of a channel that was staged as `source`.
wire::ChannelSpec spec(const Settings& settings, const wire::Channel& channel,
                       std::string_view job_mode, std::string source);

}  // namespace trainyard::channels
