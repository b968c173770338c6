#include "service/engine/world.hpp"

#include "base/arn.hpp"
#include "base/log.hpp"
#include "os/accounts.hpp"
#include "os/files.hpp"
#include "service/channels/channels.hpp"
#include "service/engine/gpus.hpp"
#include "service/engine/terms.hpp"
#include "wire/instance/environment.hpp"
#include "wire/json.hpp"
#include "wire/shapes/create_training_job.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::engine {
namespace {

// The interpreters every Debian has, after the ones people chose.
constexpr const char* system_python = "/usr/bin/python3";

// In rows: the same whatever the machine is called.
constexpr const char* local_machine = "local";

Result<wire::CreateTrainingJobRequest> request_of(const store::JobRow& row) {
  auto request = wire::decode<wire::CreateTrainingJobRequest>(row.request);
  if (!request) return in_context(std::move(request.error()), "read the request of " + row.name);
  return request;
}

std::string instance_type_of(const store::JobRow& row) {
  const auto request = request_of(row);
  if (!request || !request->ResourceConfig) return "";
  return request->ResourceConfig->InstanceType.value_or("");
}

// By its name, and by where it is: a job may have been handed the same over by its caller.
bool is_in(const store::EnvironmentRow& row, const std::string& name, const os::Path& python,
           const os::Path& root) {
  const bool is_anothers = !root.empty() || python == system_python;
  return name == row.name || (!is_anothers && is_below(python, row.directory));
}

}  // namespace

JobWorld::JobWorld(const Settings& settings, InstanceContext instances,
                   const channels::Stores& stores, net::Server& server)
    : settings_(settings), instances_(std::move(instances)), stores_(stores), server_(server),
      capacity_(machine_resources(settings, instances_.gpus.size())) {}

World JobWorld::functions() {
  return {
      {machine()},
      queue_policy(settings_),
      [this](const store::JobRow& row) { return asks(row); },
      [this](const store::JobRow& row) { return stage(row); },
      [this](const store::JobRow& row, const job::Job& job, std::int64_t n) {
        return spec(row, job, n);
      },
      {},
      [this] { return held_up(); },
      [this] { return others(); },
      [this](Millis delay, std::function<void()> task) {
        server_.run_after(delay, std::move(task));
      },
      {},
  };
}

std::string JobWorld::held_up() const {
  for (const auto& directory : {instances_.paths.blobs, instances_.paths.scratch}) {
    const auto space = os::space(directory);
    if (!space || space->total_bytes == 0) continue;  // whoever needs it will say more
    const double free = 100.0 * double(space->free_bytes) / double(space->total_bytes);
    if (free < double(settings_.min_free_percent))
      return fmt::format(
          "waits for disk space: {:.1f} % of the file system of {} is free, and jobs "
          "begin where {} % are (min_free_percent)",
          free, directory.string(), settings_.min_free_percent);
  }
  return "";
}

std::vector<job::ForeignUse> JobWorld::others() const {
  std::vector<job::ForeignUse> out;
  for (auto& use : gpus_used_by_others(instances_.gpus, instances_.paths.instances())) {
    const auto gpu = std::ranges::find(instances_.gpus, use.gpu, &os::Gpu::uuid);
    const auto index = gpu == instances_.gpus.end() ? -1 : std::int64_t(gpu->index);
    out.push_back(
        {local_machine, std::move(use.gpu), fmt::format("GPU {} is used by {}", index, use.by)});
  }
  return out;
}

job::Machine JobWorld::machine() const {
  return {local_machine, capacity_.cpus, capacity_.memory_bytes,
          gpu_names(settings_, instances_.gpus)};
}

job::Request JobWorld::asks(const store::JobRow& row) const {
  job::Request out;
  out.instance_type = instance_type_of(row);
  out.need = size_instance(out.instance_type, settings_, capacity_).given;
  return out;
}

Sizing JobWorld::size_of(const store::JobRow& row) const {
  return size_instance(instance_type_of(row), settings_, capacity_);
}

std::vector<PythonEnvironment> JobWorld::environments() const {
  std::vector<PythonEnvironment> out;
  const auto add = [&](const std::string& name, Result<PythonEnvironment> found) {
    if (found)
      out.push_back(std::move(*found));
    else
      log::warn("an environment is left out", {{"name", name}, {"error", found.error().message}});
  };
  for (const auto& [name, python] : settings_.environments)
    add(name, inspect_environment(python, name));
  const auto rows =
      stores_.readers.read([](store::Snapshot& s) { return store::list_environments(s); });
  if (!rows) log::warn("no added environment is known", {{"error", rows.error().message}});
  for (const auto& row : rows.value_or(std::vector<store::EnvironmentRow>()))
    if (!settings_.environments.contains(row.name)) add(row.name, inspect(row));
  if (auto own = inspect_environment(system_python, system_environment))
    out.push_back(std::move(*own));
  return out;
}

Result<PythonEnvironment> JobWorld::inspect(const store::EnvironmentRow& row) {
  auto found =
      TRY(row.is_root() ? inspect_root(row.directory, row.name)
                        : inspect_environment(os::Path(row.directory) / row.python, row.name));
  std::error_code ec;
  const wire::EnvironmentSpec spec{row.name, found.python, found.mounts, found.root};
  TRY(wire::check_environment(
      spec, std::filesystem::canonical(row.is_root() ? found.root : found.python, ec),
      os::own_home()));
  return found;
}

bool JobWorld::runs_in(const store::EnvironmentRow& row, const store::InstanceRow& instance) const {
  const auto text = os::read_file(instances_.paths.instances() / instance.id / "spec.json");
  if (!text) return false;
  const auto spec = wire::decode<wire::InstanceSpec>(*text);
  if (!spec) return false;
  const auto& [name, python, mounts, root] = spec->Environment;
  return is_in(row, name, python, root);
}

Result<JobWorld::Users> JobWorld::users_of(const std::string& environment) const {
  struct Seen {
    std::optional<store::EnvironmentRow> row;
    std::vector<store::JobRow> jobs;
    std::map<std::string, std::vector<store::InstanceRow>> instances;
  };
  const Seen seen = TRY(stores_.readers.read([&](store::Snapshot& s) -> Result<Seen> {
    Seen out;
    out.row = TRY(store::find_environment(s, environment));
    out.jobs = TRY(store::unfinished_jobs(s));
    for (const auto& job : out.jobs)
      out.instances[job.id] = TRY(store::instances_of(s, job.id));
    return out;
  }));
  Users out;
  if (!seen.row) return out;
  std::map<std::pair<std::string, std::string>, bool> known;  // many wait for the same
  for (const auto& job : seen.jobs) {
    out.looked_at.insert(job.id);
    for (const auto& instance : seen.instances.at(job.id))
      if (runs_in(*seen.row, instance)) out.user = job.name;
    const auto request = request_of(job);
    if (!request) continue;
    const auto image = request->AlgorithmSpecification->TrainingImage.value_or("");
    const auto [at, is_new] = known.emplace(std::pair(image, job.environment), false);
    if (is_new)
      if (const auto found = resolve(image, job.environment))
        at->second = is_in(*seen.row, found->environment.name, found->environment.python,
                           found->environment.root);
    if (at->second) out.user = job.name;
  }
  return out;
}

Result<Resolution> JobWorld::resolve(std::string_view image, const std::string& callers) const {
  std::vector<PythonEnvironment> candidates = environments();
  if (!callers.empty())
    if (auto own = inspect_environment(callers, "the caller's own " + callers)) {
      own->is_callers = true;
      candidates.insert(candidates.begin(), std::move(*own));
    }
  return resolve_image(image, settings_.images, candidates, settings_.strict_images);
}

Result<std::vector<std::string>> JobWorld::stage(const store::JobRow& row) {
  const auto request = TRY(request_of(row));
  // What cannot run is said before anything is linked.
  const auto is_scaled = [](const Sizing& size) { return size.given != size.wanted; };
  if (settings_.strict_instances && is_scaled(size_of(row)))
    return fail(ErrorKind::limit, capacity_error,
                "Unable to provision requested ML compute capacity. Please retry using a different "
                "ML instance type.");
  TRY(resolve(request.AlgorithmSpecification->TrainingImage.value_or(""), row.environment));
  std::vector<std::string> sources;
  if (!request.InputDataConfig) return sources;
  channels::Stores stores = stores_;
  stores.role = arn_name(request.RoleArn);
  for (const auto& channel : *request.InputDataConfig)
    sources.push_back(
        TRY(channels::stage(stores, channel, request.AlgorithmSpecification->TrainingInputMode)));
  return sources;
}

Result<wire::InstanceSpec> JobWorld::spec(const store::JobRow& row, const job::Job& job,
                                          std::int64_t n) {
  const auto request = TRY(request_of(row));
  const auto image =
      TRY(resolve(request.AlgorithmSpecification->TrainingImage.value_or(""), row.environment));
  const Sizing size = size_of(row);
  const auto gpus = std::size_t(n) < job.places.size() ? job.places[std::size_t(n)].gpus
                                                       : std::vector<std::string>();
  auto spec = make_instance_spec(row, request, job, n, image, size, gpus, instances_, settings_);
  for (const auto& mount : settings_.sandbox_mounts)
    spec.Environment.Mounts.push_back(mount);
  if (const auto user = settings_.users.find(row.user); user != settings_.users.end())
    for (std::size_t i = 0; i < spec.Channels.size(); ++i)
      if ((*request.InputDataConfig)[i].DataSource.FileSystemDataSource) {
        spec.Channels[i].OwnerUid = user->second.uid;
        spec.Channels[i].OwnerGid = user->second.gid;
      }
  spec.StopGraceMs = settings_.stop_grace_seconds * 1000;
  spec.LogBytesMax = std::int64_t(settings_.log_limit_bytes);
  return spec;
}

}  // namespace trainyard::engine
