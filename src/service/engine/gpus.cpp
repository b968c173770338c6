#include "service/engine/gpus.hpp"

#include "base/log.hpp"
#include "os/namespaces.hpp"
#include "wire/instance/lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace trainyard::engine {
namespace {

constexpr int ancestors_max = 4096;

std::set<pid_t> living_agents(const os::Path& instances) {
  std::set<pid_t> out;
  for (const auto& id : os::list_directory(instances).value_or(std::vector<std::string>()))
    if (const auto pid = os::FileLock::holder(instances / id / wire::lock_name); pid && *pid)
      out.insert(**pid);
  return out;
}

bool is_below(pid_t pid, const std::set<pid_t>& agents) {
  for (int n = 0; n < ancestors_max && pid > 1; ++n) {
    if (agents.contains(pid)) return true;
    pid = os::parent_of(pid).value_or(0);
  }
  return false;
}

}  // namespace

std::vector<os::Gpu> machine_gpus(const Settings& settings, const os::Nvml& nvml) {
  const auto& limit = settings.machine.gpus;
  if (limit && *limit == 0) return {};
  auto gpus = nvml.list();
  if (!gpus) {
    log::warn("jobs are given no GPU", {{"error", gpus.error().message}});
    return {};
  }
  if (limit && std::size_t(*limit) < gpus->size()) gpus->resize(std::size_t(*limit));
  return std::move(*gpus);
}

std::vector<std::string> gpu_names(const Settings& settings, const std::vector<os::Gpu>& gpus) {
  std::vector<std::string> out;
  for (const auto& gpu : gpus)
    out.push_back(gpu.uuid);
  for (auto n = gpus.size(); std::int64_t(n) < settings.machine.gpus.value_or(0); ++n)
    out.push_back(fmt::format("counted-{}", n));
  return out;
}

std::vector<wire::GpuSpec> gpu_specs(const std::vector<std::string>& names,
                                     const std::vector<os::Gpu>& gpus) {
  std::vector<wire::GpuSpec> out;
  for (const auto& name : names)
    for (const auto& gpu : gpus)
      if (gpu.uuid == name) out.push_back({gpu.uuid, gpu.index, gpu.minor});
  return out;
}

std::vector<GpuUse> gpus_used_by_others(const std::vector<os::Gpu>& gpus, const os::Path& instances,
                                        const os::Nvml& nvml) {
  std::vector<GpuUse> out;
  if (gpus.empty()) return out;
  const auto agents = living_agents(instances);
  for (const auto& gpu : gpus) {
    const auto processes = nvml.processes(gpu.uuid);
    if (!processes)
      out.push_back({gpu.uuid, "a driver that does not answer: " + processes.error().message});
    else
      for (const auto& process : *processes)
        if (!is_below(process.pid, agents)) out.push_back({gpu.uuid, os::describe(process)});
  }
  return out;
}

}  // namespace trainyard::engine
