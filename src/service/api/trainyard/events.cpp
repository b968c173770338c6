#include "service/api/trainyard/events.hpp"

#include "service/api/operation/find_job.hpp"
#include "service/events/event.hpp"
#include "service/logs/follower.hpp"
#include "service/store/outbox.hpp"
#include "wire/json.hpp"
#include "wire/shapes/events.hpp"

// POST /  X-Amz-Target: Trainyard.ListEvents  {"MaxResults": 20, "TrainingJobName": "NAME"}
// 200 {"Events": ["{\"version\":\"0\",...}"], "Last": 12}, the last 20 in their order
// POST /  X-Amz-Target: Trainyard.AwaitEvents  {"After": 12}
// 200 the same, of the first behind the one that was Last

namespace trainyard::api {
namespace {

struct Listed {
  wire::ListEventsResponse answer;
  std::string job;  // the id of the one that was named, or ""
};

Result<Listed> list(store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::ListEventsRequest>(call.body));
  Listed out;
  if (request.TrainingJobName) out.job = TRY(find_named(s, call, *request.TrainingJobName)).id;
  const auto rows = TRY(store::list_outbox(
      s, {call.caller.account, call.region, out.job, request.After, request.MaxResults}));
  for (const auto& row : rows) {
    const auto job = TRY(store::find_job(s, row.job));
    if (job) out.answer.Events.push_back(TRY(events::event_body(row, *job)));
  }
  out.answer.Last = !rows.empty()   ? rows.back().id
                    : request.After ? *request.After
                                    : TRY(store::outbox_end(s));
  return out;
}

Result<Look> look(store::Snapshot& s, const Call& call) {
  const Listed listed = TRY(list(s, call));
  Look out{wire::encode(listed.answer), {}};
  if (listed.answer.Events.empty())
    out.wait_on = {listed.job.empty() ? logs::any_job : listed.job, {}};
  return out;
}

}  // namespace

Result<std::string> list_events(Services&, store::Snapshot& s, const Call& call) {
  return wire::encode(TRY(list(s, call)).answer);
}

void await_events(const Waiting& waiting, const Call& call, Reply reply) {
  answer_once_there(
      waiting, [call](store::Snapshot& s) { return look(s, call); }, std::move(reply));
}

}  // namespace trainyard::api
