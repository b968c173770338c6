#pragma once
/// For the files of this folder: the kinds, and what more than one of them does.

#include "base/role.hpp"
#include "service/channels/channels.hpp"

namespace trainyard::channels {

extern const Source s3_prefix, manifest_file, augmented_manifest, file_system;

/// "Channel 'train': WHY", kind `invalid`.
Failure refuse(const wire::Channel& channel, std::string_view why);

/// The channel's S3Uri is one.
Result<> check_uri(const Settings& settings, const wire::Channel& channel, std::string_view mode);

inline constexpr std::string_view list_front = "list:";

/// The selected objects as an agent can mount or read them.
Result<std::string> stage_objects(const Stores& stores, const objects::Selection& selection,
                                  std::string_view mode);
/// File mode lets a job write into a copy of its own; FastFile's files are read-only.
void show_objects(const Settings& settings, const wire::Channel& channel, wire::ChannelSpec& out);

/// An error of kind `invalid` where the job's role may not read that.
Result<> check_role(const Stores& stores, Access access, std::string_view bucket,
                    std::string_view key);

/// The content of an object, at most `bytes_max` of it. Kind `not_found` or `limit`.
Result<std::string> read_object(const Stores& stores, const std::string& bucket,
                                const std::string& key, std::size_t bytes_max);

}  // namespace trainyard::channels
