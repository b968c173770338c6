#pragma once
/// Events are kept for a day.

#include "base/clock.hpp"
#include "service/store/control.hpp"

#include <functional>

namespace trainyard::events {

/// Runs a task after a while, on any thread, unless the service ends before.
using RunAfter = std::function<void(Millis, std::function<void()>)>;

/// Removes events older than store::outbox_age_max now and once an hour. Returns at once.
void prune_hourly(store::Control& control, const RunAfter& run_after);

}  // namespace trainyard::events
