#pragma once
/// What happened to jobs: the events that webhooks are told, for who asks.

#include "service/api/operation/waiting.hpp"

namespace trainyard::api {

/// Trainyard.ListEvents, of the caller's account and region.
Result<std::string> list_events(Services& services, store::Snapshot& s, const Call& call);

/// Trainyard.AwaitEvents: the same, and where there are none it answers once some come or 20 s are
/// over. `reply` is called once, on any thread.
void await_events(const Waiting& waiting, const Call& call, Reply reply);

}  // namespace trainyard::api
