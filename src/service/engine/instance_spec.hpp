#pragma once
/// From a job's request to what its agent is told. Pure.

#include "base/settings.hpp"
#include "job/job.hpp"
#include "service/engine/environments.hpp"
#include "service/engine/sizing.hpp"
#include "service/store/jobs.hpp"
#include "service/store/paths.hpp"
#include "wire/instance/spec.hpp"
#include "wire/shapes/create_training_job.hpp"

namespace trainyard::engine {

/// What stands for all jobs of this service.
struct InstanceContext {
  store::DataPaths paths;
  std::string service_url;  ///< what the door leads to
  std::int64_t host_uid = 0, host_gid = 0;
};

/// The spec of instance `n` of the current attempt, without its token.
wire::InstanceSpec make_instance_spec(const store::JobRow& row,
                                      const wire::CreateTrainingJobRequest& request,
                                      const job::Job& job, std::int64_t n, const Resolution& image,
                                      const Sizing& sizing, const InstanceContext& context,
                                      const Settings& settings);

}  // namespace trainyard::engine
