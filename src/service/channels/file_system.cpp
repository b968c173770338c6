#include "os/mounts.hpp"
#include "service/channels/source.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <sys/stat.h>

// {"FileSystemDataSource": {"FileSystemId": "fs-0123456789abcdef0", "FileSystemType": "EFS",
//                           "FileSystemAccessMode": "ro", "DirectoryPath": "/dataset"}}
//
// The id stands for a directory of this machine: [file_systems.ID] path. What is in it belongs to
// others: a link there may lead anywhere.

namespace trainyard::channels {
namespace {

const wire::FileSystemDataSource& asked(const wire::Channel& channel) {
  return *channel.DataSource.FileSystemDataSource;
}

bool is_of(const wire::DataSource& source) {
  return source.FileSystemDataSource.has_value();
}

std::string known_ids(const Settings& settings, const std::string& asked_id) {
  const std::string cure = "[file_systems." + asked_id +
                           "] path = \"/a/directory\" in the file of `trainyard serve "
                           "--settings FILE`, which is read at its start";
  if (settings.file_systems.empty()) return "the settings name none: write " + cure;
  std::vector<std::string_view> ids;
  for (const auto& [id, file_system] : settings.file_systems)
    ids.push_back(id);
  return fmt::format("the settings name {}. Use one of these, or write {}", fmt::join(ids, ", "),
                     cure);
}

// The path of what was asked for, relative to the file system's directory; "." for all of it.
Result<std::string> below(const Settings& settings, const wire::Channel& channel) {
  const auto& source = asked(channel);
  const auto found = settings.file_systems.find(source.FileSystemId);
  if (found == settings.file_systems.end())
    return refuse(channel, fmt::format("there is no file system {} here; {}.", source.FileSystemId,
                                       known_ids(settings, source.FileSystemId)));
  if (!source.DirectoryPath.starts_with('/'))
    return refuse(channel, fmt::format("DirectoryPath \"{}\" must begin with a slash.",
                                       source.DirectoryPath));
  const os::Path path = os::Path(source.DirectoryPath).relative_path();
  os::Path out = ".";
  const std::string& mount_name = found->second.mount_name;
  auto part = path.begin();
  if (source.FileSystemType == "FSxLustre" && !mount_name.empty()) {
    if (part == path.end() || *part != mount_name)
      return refuse(channel, fmt::format("DirectoryPath \"{}\" must begin with /{}, the mount name "
                                         "of {}.",
                                         source.DirectoryPath, mount_name, source.FileSystemId));
    ++part;
  }
  for (; part != path.end(); ++part) {
    if (*part == "..")
      return refuse(channel,
                    fmt::format("DirectoryPath \"{}\" may not go up.", source.DirectoryPath));
    if (!part->empty() && *part != ".") out = out == "." ? *part : out / *part;
  }
  return out.string();
}

Result<> look_at_directory(const Settings& settings, const wire::Channel& channel,
                           const std::string& path) {
  const std::string& root = settings.file_systems.at(asked(channel).FileSystemId).path;
  const os::Fd fd(os::open_within(root.c_str(), path.c_str()));
  struct stat st{};
  if (fd && ::fstat(fd.get(), &st) == 0 && S_ISDIR(st.st_mode)) return {};
  const char* why = fd ? "it is no directory"
                    : errno == EXDEV
                        ? "a symbolic link on the way to it leads out of the file system"
                        : "there is no such directory";
  return refuse(channel, fmt::format("DirectoryPath \"{}\" of {}: {} ({}/{} on this machine).",
                                     asked(channel).DirectoryPath, asked(channel).FileSystemId, why,
                                     root, path));
}

Result<> check_file_system(const Settings& settings, const wire::Channel& channel,
                           std::string_view mode) {
  if (mode != "File")
    return refuse(channel,
                  fmt::format("a file system is read in File mode, not in {} mode.", mode));
  return look_at_directory(settings, channel, TRY(below(settings, channel)));
}

Result<std::string> stage_file_system(const Stores& stores, const wire::Channel& channel,
                                      std::string_view) {
  const std::string path = TRY(below(stores.settings, channel));
  TRY(look_at_directory(stores.settings, channel, path));
  const os::Path root = stores.settings.file_systems.at(asked(channel).FileSystemId).path;
  return path == "." ? root.string() : (root / path).string();
}

void show_file_system(const Settings& settings, const wire::Channel& channel,
                      wire::ChannelSpec& out) {
  out.Access = asked(channel).FileSystemAccessMode;
  const auto found = settings.file_systems.find(asked(channel).FileSystemId);
  if (found != settings.file_systems.end()) out.Within = found->second.path;
}

}  // namespace

const Source file_system{is_of, check_file_system, stage_file_system, show_file_system};

}  // namespace trainyard::channels
