#pragma once
/// From a job's request to what its agent is told. Pure.

#include "base/settings.hpp"
#include "job/job.hpp"
#include "os/nvml.hpp"
#include "service/engine/environments.hpp"
#include "service/engine/sizing.hpp"
#include "service/store/jobs.hpp"
#include "service/store/paths.hpp"
#include "wire/instance/spec.hpp"
#include "wire/shapes/create_training_job.hpp"

#include <string>
#include <vector>

namespace trainyard::engine {

/// What stands for all jobs of this service.
struct InstanceContext {
  store::DataPaths paths;
  std::string service_url;  ///< what the door leads to
  std::int64_t host_uid = 0, host_gid = 0;
  std::vector<os::Gpu> gpus;  ///< machine_gpus()
};

/// The spec of instance `n` of the current attempt, without its token. `gpus` are the names of
/// those that are its alone; who is none of the context's stands for no device.
wire::InstanceSpec make_instance_spec(const store::JobRow& row,
                                      const wire::CreateTrainingJobRequest& request,
                                      const job::Job& job, std::int64_t n, const Resolution& image,
                                      const Sizing& sizing, const std::vector<std::string>& gpus,
                                      const InstanceContext& context, const Settings& settings);

}  // namespace trainyard::engine
