#pragma once
/// What of a request has no effect here, in words for the job's log.

#include "wire/shapes/create_training_job.hpp"

#include <string>
#include <vector>

namespace trainyard::engine {

/// One line for each member that was given and has no effect, beginning with its name. What the
/// SDKs send unasked, and what is set to off, stays quiet. Pure.
std::vector<std::string> notices(const wire::CreateTrainingJobRequest& request);

}  // namespace trainyard::engine
