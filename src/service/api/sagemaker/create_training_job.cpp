#include "wire/shapes/create_training_job.hpp"

#include "base/arn.hpp"
#include "base/id.hpp"
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
  const job::Terms terms = engine::terms_of(request, services.settings);
  Write write;
  write.write = [&services, call, row, terms,
                 request = std::move(request)](store::Txn& txn) -> Result<std::string> {
    const auto created = services.engine.create(txn, row, terms, 1);
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
  write.committed = [&services, row, terms] { services.engine.created(row, terms); };
  return write;
}

}  // namespace trainyard::api
