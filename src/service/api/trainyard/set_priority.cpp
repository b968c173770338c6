#include "service/api/operation/find_job.hpp"
#include "service/api/trainyard/trainyard.hpp"
#include "service/engine/job_codec.hpp"
#include "wire/json.hpp"

// POST /  X-Amz-Target: Trainyard.SetPriority  {"TrainingJobName": "NAME", "Priority": 10}
// 200 with an empty body

namespace trainyard::api {

Result<Write> set_priority(Services& services, const Call& call) {
  auto request = TRY(wire::decode<wire::SetPriorityRequest>(call.body));
  const auto id = std::make_shared<std::string>();
  Write write;
  write.write = [call, id, request](store::Txn& txn) -> Result<std::string> {
    const auto row = TRY(find_named(txn, call, request.TrainingJobName));
    TRY(check_may_change(call, row, "trainyard:SetPriority"));
    TRY(check_priority(call, request.Priority));
    if (row.ended)
      return fail(ErrorKind::invalid, "ValidationException",
                  row.name + " has ended (" + row.status + "): a priority changes nothing");
    TRY(store::set_job_priority(txn, row.id, request.Priority));
    *id = row.id;
    return "";
  };
  write.committed = [&services, id, priority = request.Priority] {
    services.engine.set_priority(*id, priority);
  };
  return write;
}

}  // namespace trainyard::api
