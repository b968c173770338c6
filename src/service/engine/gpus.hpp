#pragma once
/// This machine's GPUs: those that jobs may have, by the names that the queue and an instance's
/// spec know them by, and who is on one without being a job.

#include "base/settings.hpp"
#include "os/nvml.hpp"
#include "wire/instance/spec.hpp"

#include <string>
#include <vector>

namespace trainyard::engine {

/// What the driver lists, by index; of that the first [machine] gpus, where it is set. A driver
/// that fails is one of no GPUs, and is logged. Asks the driver: seconds, at worst.
std::vector<os::Gpu> machine_gpus(const Settings& settings, const os::Nvml& nvml = os::Nvml());

/// A name for each GPU that the queue counts: UUIDs; where [machine] gpus says more than there are,
/// "counted-8", which stand for no device. Pure.
std::vector<std::string> gpu_names(const Settings& settings, const std::vector<os::Gpu>& gpus);

/// Those of `gpus` that bear these names, in the names' order. Pure.
std::vector<wire::GpuSpec> gpu_specs(const std::vector<std::string>& names,
                                     const std::vector<os::Gpu>& gpus);

/// A GPU, and who is on it.
struct GpuUse {
  std::string gpu;  ///< its UUID
  std::string by;   ///< "pid 4242 (18 GiB)"
  bool operator==(const GpuUse&) const = default;
};

/// Every process that computes on one of `gpus` and is not below a living agent of `instances`, the
/// directory of all instances of this service. One that this machine cannot find (it has just
/// ended, or the service is in a container) counts, too: its GPU is not free. A driver that does
/// not answer for a GPU makes it used by "a driver that does not answer: WHY". Asks the driver, as
/// above.
std::vector<GpuUse> gpus_used_by_others(const std::vector<os::Gpu>& gpus, const os::Path& instances,
                                        const os::Nvml& nvml = os::Nvml());

}  // namespace trainyard::engine
