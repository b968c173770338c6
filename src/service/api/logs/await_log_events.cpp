#include "service/api/logs/await_log_events.hpp"

#include "service/api/logs/logs.hpp"
#include "service/api/logs/stream_events.hpp"
#include "service/api/operation/find_job.hpp"
#include "wire/json.hpp"
#include "wire/shapes/logs.hpp"

// POST /  X-Amz-Target: Trainyard.AwaitLogEvents  {as GetLogEvents}
// 200 as GetLogEvents answers

namespace trainyard::api {
namespace {

// For "JOB/": a job without a stream.
Result<Look> look_for_stream(store::Snapshot& s, const Call& call, const std::string& name) {
  const auto row = TRY(find_named(s, call, name.substr(0, name.size() - 1)));
  wire::GetLogEventsResponse none;
  none.events.emplace();
  Look out{wire::encode(none), {}};
  if (!row.ended && TRY(store::log_streams(s, {call.region, name, "", false, 1})).empty())
    out.wait_on = {row.id, {}};
  return out;
}

Result<Look> look(Services& services, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::GetLogEventsRequest>(call.body));
  if (request.logStreamName.ends_with('/')) return look_for_stream(s, call, request.logStreamName);
  Look out{TRY(get_log_events(services, s, call)), {}};
  const auto page = TRY(wire::decode<wire::GetLogEventsResponse>(out.answer));
  const auto row = TRY(find_stream(s, call, request.logStreamName));
  const auto job = TRY(store::find_job(s, row.job));
  if (page.events && page.events->empty() && job && !job->ended)
    out.wait_on = {row.job, services.paths.log(row.instance)};
  return out;
}

}  // namespace

void await_log_events(const Waiting& waiting, const Call& call, Reply reply) {
  answer_once_there(
      waiting,
      [&services = waiting.services, call](store::Snapshot& s) { return look(services, s, call); },
      std::move(reply));
}

}  // namespace trainyard::api
