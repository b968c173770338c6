#include "agent/ml_tree.hpp"

#include "wire/json.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

// Members of the files below, named as the service names them.
struct ChannelConfig {
  std::optional<std::string> ContentType;
  std::string TrainingInputMode, S3DistributionType, RecordWrapperType;
};
template <class V> void fields(V& v, ChannelConfig& c) {
  v("ContentType", c.ContentType);
  v("TrainingInputMode", c.TrainingInputMode);
  v("S3DistributionType", c.S3DistributionType);
  v("RecordWrapperType", c.RecordWrapperType);
}

struct InstanceGroup {
  std::string instance_group_name, instance_type;
  std::vector<std::string> hosts;
};
template <class V> void fields(V& v, InstanceGroup& g) {
  v("instance_group_name", g.instance_group_name);
  v("instance_type", g.instance_type);
  v("hosts", g.hosts);
}

struct ResourceConfig {
  std::string current_host, current_instance_type, current_group_name;
  std::vector<std::string> hosts;
  std::vector<InstanceGroup> instance_groups;
  std::string network_interface_name;
};
template <class V> void fields(V& v, ResourceConfig& r) {
  v("current_host", r.current_host);
  v("current_instance_type", r.current_instance_type);
  v("current_group_name", r.current_group_name);
  v("hosts", r.hosts);
  v("instance_groups", r.instance_groups);
  v("network_interface_name", r.network_interface_name);
}

// The keys of a map are the user's names, so there is no fields() for it.
template <class T, class ToJson>
std::string object(const std::map<std::string, T>& map, const ToJson& to_json) {
  std::string out = "{";
  for (const auto& [key, value] : map) {
    if (out.size() > 1) out += ',';
    out += wire::quote_json(key) + ":" + to_json(value);
  }
  return out + "}";
}

std::string input_data_config(const wire::InstanceSpec& spec) {
  std::map<std::string, ChannelConfig> channels;
  for (const auto& c : spec.Channels)
    channels[c.Name] = {c.ContentType, c.InputMode, c.S3DistributionType, c.RecordWrapperType};
  return object(channels, [](const ChannelConfig& c) { return wire::encode(c); });
}

}  // namespace

Result<> make_owned(const os::Path& path, const wire::InstanceSpec& spec) {
  TRY(os::make_directories(path, 0755));
  if (::geteuid() == 0 && ::chown(path.c_str(), uid_t(spec.HostUid), gid_t(spec.HostGid)) != 0)
    return fail_errno("give " + path.string() + " to the job's user");
  return {};
}

std::map<std::string, std::string> config_files(const wire::InstanceSpec& spec,
                                                const std::string& network_interface) {
  const ResourceConfig resources{spec.CurrentHost,
                                 spec.InstanceType,
                                 spec.InstanceGroupName,
                                 spec.Hosts,
                                 {{spec.InstanceGroupName, spec.InstanceType, spec.Hosts}},
                                 network_interface};
  std::map<std::string, std::string> files{
      {"hyperparameters.json",
       object(spec.HyperParameters, [](const std::string& v) { return wire::quote_json(v); })},
      {"inputdataconfig.json", input_data_config(spec)},
      {"resourceconfig.json", wire::encode(resources)},
      {"trainingjobconfig.json", spec.Request.empty() ? "{}" : spec.Request},
      {"init-config.json", "{}"},
      {"upstreamoutputdataconfig.json", "[]"},
      {"metric-definition-regex.json", "[]"},
  };
  if (spec.Checkpoint)
    files["checkpointconfig.json"] = fmt::format("{{\"LocalPath\":{},\"S3Uri\":{}}}",
                                                 wire::quote_json(spec.Checkpoint->LocalPath),
                                                 wire::quote_json(spec.Checkpoint->S3Uri));
  return files;
}

Result<> lay_out(const wire::InstanceSpec& spec, const InstancePaths& paths,
                 const std::string& network_interface) {
  const os::Path ml = paths.ml();
  for (const char* directory :
       {"", "input", "input/config", "input/data", "code", "model", "output", "output/data",
        "output/metrics", "output/metrics/sagemaker", "errors"})
    TRY(make_owned(ml / directory, spec));
  for (const auto& channel : spec.Channels)
    if (channel.InputMode != "Pipe") TRY(make_owned(ml / "input/data" / channel.Name, spec));
  TRY(make_owned(paths.checkpoints(), spec));
  for (const auto& sync : spec.Syncs) {
    os::Path at = paths.directory;
    for (const auto& part : paths.synced(sync.LocalPath).lexically_relative(paths.directory))
      TRY(make_owned(at /= part, spec));
  }
  TRY(os::make_directories(paths.scratch()));
  for (const auto& [name, text] : config_files(spec, network_interface)) {
    const os::Path path = ml / "input/config" / name;
    TRY(os::write_file(path, text, 0644));
    if (::geteuid() == 0 && ::chown(path.c_str(), uid_t(spec.HostUid), gid_t(spec.HostGid)) != 0)
      return fail_errno("give " + path.string() + " to the job's user");
  }
  return {};
}

std::string failure_text(const InstancePaths& paths) {
  const os::Path output = paths.ml() / "output";
  os::Fd directory(::open(output.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return "";
  const os::Fd fd(
      ::openat(directory.get(), "failure", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return "";
  std::string text(64u << 10, '\0');
  const ssize_t n = ::pread(fd.get(), text.data(), text.size(), 0);
  text.resize(n > 0 ? std::size_t(n) : 0);
  return text;
}

}  // namespace trainyard::agent
