#pragma once
/// What is told of a job, in the shape of EventBridge's events.

#include "base/result.hpp"
#include "service/store/jobs.hpp"
#include "service/store/outbox.hpp"

#include <string>

namespace trainyard::events {

/// A UUID that is the event's own: the same whenever it is asked for.
std::string event_id(const store::OutboxRow& row);

/// The event as JSON, byte for byte the same whenever it is asked for. detail is what Describe
/// tells of the job at that time, less what may hold secrets: HyperParameters, Environment,
/// ContainerEntrypoint and ContainerArguments; or the alarm. `job` is the row of the event's job,
/// as it is at any later time.
Result<std::string> event_body(const store::OutboxRow& row, const store::JobRow& job);

}  // namespace trainyard::events
