#include "service/engine/world.hpp"

#include "base/log.hpp"
#include "os/files.hpp"
#include "service/channels/channels.hpp"
#include "wire/json.hpp"
#include "wire/shapes/create_training_job.hpp"

#include <fmt/format.h>

namespace trainyard::engine {
namespace {

// The interpreters every Debian has, after the ones people chose.
constexpr const char* system_python = "/usr/bin/python3";

Result<wire::CreateTrainingJobRequest> request_of(const store::JobRow& row) {
  auto request = wire::decode<wire::CreateTrainingJobRequest>(row.request);
  if (!request) return in_context(std::move(request.error()), "read the request of " + row.name);
  return request;
}

}  // namespace

JobWorld::JobWorld(const Settings& settings, InstanceContext instances,
                   const channels::Stores& stores, net::Server& server)
    : settings_(settings), instances_(std::move(instances)), stores_(stores), server_(server),
      capacity_(machine_resources(settings)) {}

World JobWorld::functions() {
  return {
      [this](const store::JobRow& row) { return size_of(row).given; },
      [this](const store::JobRow& row) { return stage(row); },
      [this](const store::JobRow& row, const job::Job& job, std::int64_t n) {
        return spec(row, job, n);
      },
      [this] { return held_up(); },
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

Sizing JobWorld::size_of(const store::JobRow& row) const {
  const auto request = request_of(row);
  const std::string type =
      request && request->ResourceConfig ? request->ResourceConfig->InstanceType.value_or("") : "";
  return size_instance(type, settings_, capacity_);
}

std::vector<PythonEnvironment> JobWorld::environments() const {
  std::vector<PythonEnvironment> out;
  const auto add = [&](const std::string& path, const std::string& name) {
    auto found = inspect_environment(path, name);
    if (found)
      out.push_back(std::move(*found));
    else
      log::warn("an environment is left out", {{"name", name}, {"error", found.error().message}});
  };
  for (const auto& [name, python] : settings_.environments)
    add(python, name);
  if (inspect_environment(system_python, "")) add(system_python, system_environment);
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
  for (const auto& channel : *request.InputDataConfig)
    sources.push_back(
        TRY(channels::stage(stores_, channel, request.AlgorithmSpecification->TrainingInputMode)));
  return sources;
}

Result<wire::InstanceSpec> JobWorld::spec(const store::JobRow& row, const job::Job& job,
                                          std::int64_t n) {
  const auto request = TRY(request_of(row));
  const auto image =
      TRY(resolve(request.AlgorithmSpecification->TrainingImage.value_or(""), row.environment));
  auto spec = make_instance_spec(row, request, job, n, image, size_of(row), instances_, settings_);
  for (const auto& mount : settings_.sandbox_mounts)
    spec.Environment.Mounts.push_back(mount);
  spec.StopGraceMs = settings_.stop_grace_seconds * 1000;
  spec.LogBytesMax = std::int64_t(settings_.log_limit_bytes);
  return spec;
}

}  // namespace trainyard::engine
