#pragma once
/// From a job's request to what may happen to it. Pure.

#include "base/settings.hpp"
#include "job/job.hpp"
#include "wire/shapes/create_training_job.hpp"

namespace trainyard::engine {

/// MaxRuntimeInSeconds counts from the request, or the service's 1 day; MaxPendingTimeInSeconds for
/// accelerated instance types alone (API reference, StoppingCondition). After an internal error a
/// job is tried again as RetryStrategy says; one with a checkpoint location whose agent was lost at
/// least as often as [retry] lost_machine says.
job::Terms terms_of(const wire::CreateTrainingJobRequest& request, const Settings& settings);

}  // namespace trainyard::engine
