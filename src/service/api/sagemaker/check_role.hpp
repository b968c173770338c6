#pragma once
/// Whether a job's role may reach what the job is to read and write, as far as its request tells.

#include "service/api/operation/operation.hpp"
#include "wire/shapes/create_training_job.hpp"

namespace trainyard::api {

/// Kind `invalid`, with the role, the place and the setting. What manifests name is looked at when
/// they are read. A job whose role is narrowed gives no other role away: AccessDeniedException.
Result<> check_role(const wire::CreateTrainingJobRequest& request, const Call& call,
                    const Settings& settings);

}  // namespace trainyard::api
