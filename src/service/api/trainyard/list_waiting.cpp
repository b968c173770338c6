#include "service/api/trainyard/trainyard.hpp"
#include "service/store/jobs.hpp"
#include "wire/json.hpp"

// POST /  X-Amz-Target: Trainyard.ListWaiting  {"MaxResults": 20}
// 200 {"Jobs": [{"TrainingJobName": "...", "User": "...", "Priority": 0, "CreationTime": 1.7e9,
//               "Sentence": "waits for capacity: ..."}]}, those first that begin first

namespace trainyard::api {

Result<std::string> list_waiting(Services& services, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::ListWaitingRequest>(call.body));
  wire::ListWaitingResponse out;
  for (const auto& id : services.engine.waiting(std::size_t(request.MaxResults))) {
    const auto row = TRY(store::find_job(s, id));
    if (!row || row->account != call.caller.account || row->region != call.region) continue;
    out.Jobs.push_back(
        {row->name, row->user, row->priority, row->created, services.engine.why(s, id)});
  }
  return wire::encode(out);
}

}  // namespace trainyard::api
