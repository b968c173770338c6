#pragma once
/// Trainyard.AwaitLogEvents: GetLogEvents that waits. For following a log without asking again and
/// again.

#include "service/api/operation/waiting.hpp"

namespace trainyard::api {

/// Answers at once when there are events behind the request's nextToken, else when some come, the
/// job changes, or 20 s are over (maybe with none). A logStreamName "JOB/" stands for the stream
/// that a waiting job has not got yet: the answer, always without events, comes once it has one or
/// changes. `reply` is called once, on any thread.
void await_log_events(const Waiting& waiting, const Call& call, Reply reply);

}  // namespace trainyard::api
