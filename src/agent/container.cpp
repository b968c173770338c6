#include "agent/container.hpp"

#include "agent/gpus.hpp"
#include "base/hash.hpp"
#include "wire/packages/packages.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace trainyard::agent {
namespace {

constexpr const char* programs_inside = "/opt/trainyard/bin";
constexpr const char* toolkit_inside = "/opt/trainyard/bin/train";
const std::string caches_inside = "/opt/trainyard/caches/";
constexpr std::uint64_t pids_max = 32'768;

Mount mount_of(const wire::ChannelSpec& channel, const std::map<std::string, int>& trees) {
  const os::Path target = channel_inside(channel.Name);
  if (const auto it = trees.find(channel.Name); it != trees.end()) {
    const auto kind = it->second < 0 ? Mount::Kind::fuse : Mount::Kind::tree;
    return {kind, {}, target, true, false, 0, {}, it->second, channel.OwnerUid == 0};
  }
  const auto kind = channel.Access == "overlay" ? Mount::Kind::overlay : Mount::Kind::bind;
  return {kind, channel.Source, target, channel.Access == "ro", false, 0, channel.Within};
}

// What is below /opt/ml inside is in the instance's own tree.
std::optional<os::Path> below_ml(const std::string& local_path) {
  const os::Path below = os::Path(local_path).lexically_normal().lexically_relative("/opt/ml");
  if (below.empty() || below == "." || *below.begin() == "..") return std::nullopt;
  return below.has_filename() ? below : below.parent_path();  // without a slash at its end
}

// Of the machine's GPUs a container sees those that are its own.
void add_gpus(const wire::InstanceSpec& spec, const MachineFacts& facts, std::vector<Mount>& out) {
  for (const auto& name : gpu_devices(spec.Gpus))
    out.push_back({Mount::Kind::bind, facts.devices / name, "/dev/" + name, false, true, 0});
  for (const auto& file : facts.driver_files) {
    const auto name = file.filename().string();
    const os::Path place = name == smi_name ? programs_inside : driver_inside;
    out.push_back({Mount::Kind::bind, file, place / name, true, true, 0});
  }
}

// As CUDA and NVIDIA's container toolkit know them. A job without GPUs has neither variable, and no
// device: the toolkit's way.
void name_gpus(const wire::InstanceSpec& spec, std::map<std::string, std::string>& env) {
  if (spec.Gpus.empty()) return;
  std::string uuids;
  for (const auto& gpu : spec.Gpus)
    uuids += (uuids.empty() ? "" : ",") + gpu.Uuid;
  env["CUDA_VISIBLE_DEVICES"] = env["NVIDIA_VISIBLE_DEVICES"] = uuids;
}

std::vector<Mount> mounts(const wire::InstanceSpec& spec, const InstancePaths& paths,
                          const MachineFacts& facts, const std::map<std::string, int>& trees) {
  std::vector<Mount> out;
  for (const auto& directory : spec.Environment.Mounts)
    out.push_back({Mount::Kind::bind, directory, directory, true, true, 0});
  out.push_back({Mount::Kind::bind, facts.toolkit, toolkit_inside, true, false, 0});
  out.push_back({Mount::Kind::bind, paths.ml(), "/opt/ml", false, false, 0});
  for (const auto& channel : spec.Channels)
    if (channel.InputMode != "Pipe") out.push_back(mount_of(channel, trees));
  for (const auto& [name, directory] : spec.Caches)
    out.push_back({Mount::Kind::bind, directory, caches_inside + name, false, false, 0});
  if (const auto& links = spec.Packages.FindLinks; links.starts_with('/'))
    out.push_back({Mount::Kind::bind, links, links, true, false, 0});
  if (!spec.Packages.Root.empty()) {
    out.push_back(
        {Mount::Kind::bind, spec.Packages.Root, wire::packages_directory, true, false, 0});
    out.push_back(
        {Mount::Kind::bind, paths.packages_socket(), wire::packages_socket, true, false, 0});
  }
  for (const auto& sync : spec.Syncs)
    if (!below_ml(sync.LocalPath))
      out.push_back(
          {Mount::Kind::bind, paths.synced(sync.LocalPath), sync.LocalPath, false, false, 0});
  if (spec.Checkpoint)
    out.push_back(
        {Mount::Kind::bind, paths.checkpoints(), spec.Checkpoint->LocalPath, false, false, 0});
  add_gpus(spec, facts, out);
  return out;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Its images have the framework's own mode of the toolkit.
bool is_of_pytorch(std::string_view image) {
  static constexpr std::array<std::string_view, 3> names{
      "pytorch-training", "pytorch-trcomp-training", "sagemaker-pytorch"};
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return contains(image, name); });
}

// What the services' images set, what the platform sets, then what the user asked for, which wins.
std::map<std::string, std::string> variables(const wire::InstanceSpec& spec,
                                             const MachineFacts& facts) {
  std::string path =
      "/opt/trainyard/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  if (const os::Path python(spec.Environment.Python); !python.empty())
    path = python.parent_path().string() + ":" + path;
  std::map<std::string, std::string> env{
      {"PATH", std::move(path)},
      {"HOME", "/root"},
      {"LANG", "C.UTF-8"},
      {"LC_ALL", "C.UTF-8"},
      {"PYTHONUNBUFFERED", "1"},
      {"PYTHONDONTWRITEBYTECODE", "1"},
      {"PYTHONIOENCODING", "UTF-8"},
      {"TRAINYARD_PYTHON", spec.Environment.Python},
      {"TRAINING_JOB_NAME", spec.JobName},
      {"TRAINING_JOB_ARN", spec.JobArn},
      {"AWS_REGION", spec.Region},
      {"AWS_DEFAULT_REGION", spec.Region},
      {"SAGEMAKER_METRICS_DIRECTORY", "/opt/ml/output/metrics/sagemaker"},
  };
  if (is_of_pytorch(spec.Image))
    env["SAGEMAKER_TRAINING_MODULE"] = "sagemaker_pytorch_container.training:main";
  if (facts.door_port != 0) {
    const std::string door = "http://127.0.0.1:" + std::to_string(facts.door_port);
    env["AWS_ENDPOINT_URL"] = door;
    env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = door + "/-/credentials";
    env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = spec.Token;
  }
  for (const auto& [name, directory] : spec.Caches)
    env[name] = caches_inside + name;
  const auto& [index, links, offline, root] = spec.Packages;
  if (!index.empty()) env["PIP_INDEX_URL"] = index;
  if (!links.empty()) env["PIP_FIND_LINKS"] = links;
  if (offline) env["PIP_NO_INDEX"] = "1";
  name_gpus(spec, env);
  for (const auto& [name, value] : spec.Variables)
    env[name] = value;
  const auto& files = facts.driver_files;
  const auto is_library = [](const os::Path& file) { return file.filename() != smi_name; };
  if (std::any_of(files.begin(), files.end(), is_library)) {  // the request's own come first
    std::string& libraries = env["LD_LIBRARY_PATH"];
    libraries += (libraries.empty() ? "" : ":") + std::string(driver_inside);
  }
  return env;
}

std::vector<std::string> command(const wire::InstanceSpec& spec) {
  std::vector<std::string> argv = spec.Entrypoint;
  if (argv.empty()) argv = {toolkit_inside, "train"};
  argv.insert(argv.end(), spec.Arguments.begin(), spec.Arguments.end());
  return argv;
}

}  // namespace

os::Path InstancePaths::synced(const std::string& local_path) const {
  if (const auto below = below_ml(local_path)) return ml() / *below;
  return directory / "synced" / sha256_hex(local_path).substr(0, 16);
}

os::Path channel_inside(const std::string& name) {
  return "/opt/ml/input/data/" + name;
}

SandboxSpec plan_container(const wire::InstanceSpec& spec, const InstancePaths& paths,
                           const MachineFacts& facts, const std::map<std::string, int>& trees) {
  SandboxSpec out;
  out.id = spec.Id;
  out.scratch = paths.scratch();
  out.host_uid = uid_t(spec.HostUid);
  out.host_gid = gid_t(spec.HostGid);
  out.root = spec.Environment.Root;
  out.hostname = spec.CurrentHost;
  out.aliases = {spec.CurrentHost};
  out.mounts = mounts(spec, paths, facts, trees);
  out.argv = command(spec);
  for (const auto& [name, value] : variables(spec, facts))
    out.environment.push_back(name + "=" + value);
  out.network = spec.NetworkIsolation ? Network::none : Network::host;
  if (spec.NetworkIsolation) out.door_port = facts.door_port;
  out.limits = {spec.Limits.Cpus, std::uint64_t(spec.Limits.MemoryBytes), pids_max};
  const std::uint64_t memory =
      spec.Limits.MemoryBytes > 0
          ? std::min(std::uint64_t(spec.Limits.MemoryBytes), facts.memory_bytes)
          : facts.memory_bytes;
  out.shm_bytes = memory / 2;
  out.log = os::Path(spec.LogDirectory) / "raw.log";
  return out;
}

}  // namespace trainyard::agent
