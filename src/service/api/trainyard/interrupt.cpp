#include "service/api/operation/find_job.hpp"
#include "service/api/trainyard/trainyard.hpp"
#include "service/engine/job_codec.hpp"
#include "wire/json.hpp"
#include "wire/shapes/describe_training_job.hpp"

#include <fmt/format.h>

// POST /  X-Amz-Target: Trainyard.Interrupt  {"TrainingJobName": "NAME"}
// 200 with an empty body

namespace trainyard::api {
namespace {

// Only what a spot job's machines may do to it at any time.
Result<> check(const store::JobRow& row, const job::Job& job) {
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorKind::invalid, "ValidationException",
                row.name + " is not interrupted: " + why);
  };
  if (!job.terms.is_spot)
    return refuse("it is no spot job (use_spot_instances=True, EnableManagedSpotTraining)");
  switch (job.phase) {
  case job::Phase::staging:
  case job::Phase::launching:
  case job::Phase::training:
    return {};
  case job::Phase::pending:
    return refuse("it waits for a machine");
  case job::Phase::interrupting:
    return refuse("it is being interrupted already");
  case job::Phase::stopping:
  case job::Phase::uploading:
    return refuse("it is about to end");
  case job::Phase::completed:
  case job::Phase::failed:
  case job::Phase::stopped:
    break;
  }
  return refuse("it has ended (" + row.status + ")");
}

}  // namespace

Result<Write> interrupt(Services& services, const Call& call) {
  auto request = TRY(wire::decode<wire::DescribeTrainingJobRequest>(call.body));
  const auto id = std::make_shared<std::string>();
  Write write;
  write.write = [&services, call, id,
                 request = std::move(request)](store::Txn& txn) -> Result<std::string> {
    const auto row = TRY(find_named(txn, call, request.TrainingJobName));
    TRY(check_may_change(call, row, "trainyard:Interrupt"));
    TRY(check(row, TRY(engine::decode_job(row.state))));
    TRY(services.engine.apply(txn, row.id, job::Interrupted{"Interrupted by trainyard interrupt"}));
    *id = row.id;
    return "";
  };
  write.committed = [&services, id] { services.engine.interrupted(*id); };
  return write;
}

}  // namespace trainyard::api
