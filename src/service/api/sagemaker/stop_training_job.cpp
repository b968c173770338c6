#include "wire/shapes/stop_training_job.hpp"

#include "service/api/operation/find_job.hpp"
#include "service/api/sagemaker/sagemaker.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

// POST /  X-Amz-Target: SageMaker.StopTrainingJob  {"TrainingJobName": "NAME"}
// 200 with an empty body

namespace trainyard::api {

Result<Write> stop_training_job(Services& services, const Call& call) {
  auto request = TRY(wire::decode<wire::StopTrainingJobRequest>(call.body));
  const auto id = std::make_shared<std::string>();
  Write write;
  write.write = [&services, call, id,
                 request = std::move(request)](store::Txn& txn) -> Result<std::string> {
    const auto row = TRY(find_named(txn, call, request.TrainingJobName));
    TRY(check_may_change(call, row, "sagemaker:StopTrainingJob"));
    if (row.status != "InProgress" && row.status != "Stopping")
      return fail(ErrorKind::invalid, "ValidationException",
                  fmt::format("The request was rejected because the training job is in status {}.",
                              row.status));
    TRY(services.engine.apply(txn, row.id, job::StopRequested{}));
    *id = row.id;
    return "";
  };
  write.committed = [&services, id] { services.engine.stopped(*id); };
  return write;
}

}  // namespace trainyard::api
