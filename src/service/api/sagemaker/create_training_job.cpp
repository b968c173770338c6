#include "wire/shapes/create_training_job.hpp"

#include "base/arn.hpp"
#include "base/id.hpp"
#include "service/api/operation/find_job.hpp"
#include "service/api/sagemaker/check_role.hpp"
#include "service/api/sagemaker/check_training_job.hpp"
#include "service/api/sagemaker/sagemaker.hpp"
#include "service/engine/terms.hpp"
#include "service/store/jobs.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

// POST /  X-Amz-Target: SageMaker.CreateTrainingJob  {"TrainingJobName": ...,
// "AlgorithmSpecification": ...} 200 {"TrainingJobArn":
// "arn:aws:sagemaker:us-east-1:123456789012:training-job/NAME"}

namespace trainyard::api {
namespace {

using wire::CreateTrainingJobRequest;

Failure name_is_taken(const Call& call, const std::string& name) {
  return fail(
      ErrorKind::conflict, "ResourceInUse",
      fmt::format("Training job names must be unique within an AWS account and region, and a "
                  "training job with this name already exists ({}). Leave job_name out and the "
                  "SDK makes a unique one, or add a time to it.",
                  training_job_arn(call.region, call.caller.account, name)));
}

// What would wait for a quota for ever is refused, and with `strict` what would wait for one at
// all; in the service's words, and what to do.
Result<> check_quota(Services& services, const store::JobRow& row, const job::Job& job) {
  const auto over = services.engine.over_quota(row, job);
  if (!over || (job.instance_count <= over->limit && !services.settings.strict)) return {};
  const std::string type = over->instance_type == "*" ? "all types" : over->instance_type;
  return fail(ErrorKind::limit, "ResourceLimitExceeded",
              fmt::format("The account-level service limit '{} for training job usage' is {} "
                          "Instances, with current utilization of {} Instances and a request delta "
                          "of {} Instances. It is set by [queue.quotas] for {}.",
                          type, over->limit, over->used, job.instance_count, row.user));
}

}  // namespace

Result<Write> create_training_job(Services& services, const Call& call) {
  auto request = TRY(wire::decode<CreateTrainingJobRequest>(call.body));
  TRY(check_training_job(request, call.caller.account, services.settings));
  TRY(check_role(request, call, services.settings));
  store::JobRow row;
  row.id = new_id(services.clock.now());
  row.account = call.caller.account;
  row.region = call.region;
  row.name = request.TrainingJobName;
  row.request = call.body;
  row.environment = call.caller.environment;
  row.user = call.caller.user;
  row.priority = TRY(engine::priority_of(request));
  TRY(check_priority(call, row.priority));
  job::Job job;
  job.terms = engine::terms_of(request, services.settings);
  TRY(check_quota(services, row, job));
  Write write;
  write.write = [&services, call, row, job,
                 request = std::move(request)](store::Txn& txn) -> Result<std::string> {
    const auto created = services.engine.create(txn, row, job);
    if (!created && created.error().kind == ErrorKind::conflict)
      return name_is_taken(call, row.name);
    TRY(created);
    TRY(check_places(txn, request, row.account, row.region, services.settings));
    const std::string arn = training_job_arn(row.region, row.account, row.name);
    store::Tags tags;
    if (request.Tags)
      for (const auto& tag : *request.Tags)
        tags.emplace_back(tag.Key, tag.Value);
    TRY(store::put_tags(txn, arn, tags));
    return fmt::format("{{\"TrainingJobArn\":{}}}", wire::quote_json(arn));
  };
  write.committed = [&services, row, job] { services.engine.created(row, job); };
  return write;
}

}  // namespace trainyard::api
