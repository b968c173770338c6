#include "wire/shapes/describe_training_job.hpp"

#include "service/api/operation/find_job.hpp"
#include "service/api/operation/masking.hpp"
#include "service/api/sagemaker/sagemaker.hpp"
#include "service/engine/description.hpp"
#include "service/engine/job_codec.hpp"
#include "wire/json.hpp"

// POST /  X-Amz-Target: SageMaker.DescribeTrainingJob  {"TrainingJobName": "NAME"}
// 200 what was asked for, echoed, and where the job is

namespace trainyard::api {
namespace {

// What is known of it beside its row: computed when asked, never stored. A job that waits for
// capacity is Pending, and says for what.
void tell_now(const std::string& waits, const std::string& doing, const job::Job& job,
              wire::DescribeTrainingJobResponse& out) {
  auto& transitions = *out.SecondaryStatusTransitions;
  if (!doing.empty() && !transitions.empty()) transitions.back().StatusMessage = doing;
  if (waits.empty() || job.phase != job::Phase::pending) return;
  out.SecondaryStatus = waiting_status;
  transitions.push_back({waiting_status, out.CreationTime, std::nullopt, "The job " + waits});
}

}  // namespace

Result<std::string> describe_training_job(Services& services, store::Snapshot& s,
                                          const Call& call) {
  const auto request = TRY(wire::decode<wire::DescribeTrainingJobRequest>(call.body));
  const auto row = TRY(find_named(s, call, request.TrainingJobName));
  auto job = TRY(engine::decode_job(row.state));
  auto created = TRY(wire::decode<wire::CreateTrainingJobRequest>(row.request));
  if (!identity::may_change(call.caller, row.user)) mask_secrets(created, {&job.failure_reason});
  auto out = engine::describe(row, job, created);
  tell_now(services.engine.why(s, row.id), services.engine.doing(row.id, job), job, out);
  return wire::encode(out);
}

}  // namespace trainyard::api
