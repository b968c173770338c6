#pragma once
/// From a job's request to what may happen to it. Pure.

#include "base/settings.hpp"
#include "job/job.hpp"
#include "job/queue.hpp"
#include "wire/shapes/create_training_job.hpp"

namespace trainyard::engine {

/// MaxRuntimeInSeconds counts from the request, or the service's 1 day; MaxPendingTimeInSeconds for
/// accelerated instance types alone (API reference, StoppingCondition). After an internal error a
/// job is tried again as RetryStrategy says; one with a checkpoint location whose agent was lost at
/// least as often as [retry] lost_machine says.
job::Terms terms_of(const wire::CreateTrainingJobRequest& request, const Settings& settings);

/// The tag that says a job's priority in the queue.
inline constexpr const char* priority_tag = "trainyard:priority";
inline constexpr std::int64_t priority_max = 1000;  ///< and the least is its opposite

/// The priority that the request's tags say, 0 where none does; an error of kind `invalid` where it
/// is no whole number within the limits.
Result<std::int64_t> priority_of(const wire::CreateTrainingJobRequest& request);

/// What the settings say of the queue.
job::QueuePolicy queue_policy(const Settings& settings);

}  // namespace trainyard::engine
