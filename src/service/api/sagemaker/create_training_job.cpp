#include "wire/shapes/create_training_job.hpp"

#include "base/arn.hpp"
#include "base/id.hpp"
#include "service/api/sagemaker/sagemaker.hpp"
#include "service/engine/s3_inputs.hpp"
#include "service/store/jobs.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <set>

// POST /  X-Amz-Target: SageMaker.CreateTrainingJob  {"TrainingJobName": ...,
// "AlgorithmSpecification": ...} 200 {"TrainingJobArn":
// "arn:aws:sagemaker:us-east-1:123456789012:training-job/NAME"}

namespace trainyard::api {
namespace {

using wire::CreateTrainingJobRequest;

Failure refuse(std::string message) {
  return fail(ErrorKind::invalid, "ValidationException", std::move(message));
}

// What one machine cannot do yet is refused in a sentence, never run as something else.
Result<> check_offered(const CreateTrainingJobRequest& r) {
  const auto& resources = r.ResourceConfig;
  if (resources && (resources->InstanceCount.value_or(1) > 1 || resources->InstanceGroups))
    return refuse(
        "Trainyard runs one instance a job for now: set InstanceCount to 1 (instance_count=1) "
        "and leave InstanceGroups out.");
  const auto& algorithm = r.AlgorithmSpecification;
  if (!algorithm) return refuse("AlgorithmSpecification must be given, with a TrainingImage.");
  if (algorithm->AlgorithmName)
    return refuse(
        "Trainyard has no algorithm marketplace: give TrainingImage (image_uri) instead of "
        "AlgorithmName.");
  if (!algorithm->TrainingImage) return refuse("AlgorithmSpecification must have a TrainingImage.");
  return {};
}

Result<> check_channels(const CreateTrainingJobRequest& r) {
  if (!r.InputDataConfig) return {};
  std::set<std::string> names;
  for (const auto& channel : *r.InputDataConfig) {
    if (!names.insert(channel.ChannelName).second)
      return refuse(
          fmt::format("Channel names must be unique: '{}' is given twice.", channel.ChannelName));
    const auto& s3 = channel.DataSource.S3DataSource;
    const std::string mode =
        channel.InputMode.value_or(r.AlgorithmSpecification->TrainingInputMode);
    const auto not_yet = [&](std::string_view what) {
      return refuse(
          fmt::format("Channel '{}': {} is not offered yet. Use an S3 prefix in File mode.",
                      channel.ChannelName, what));
    };
    if (!s3) return not_yet("a channel from a file system");
    if (s3->S3DataType != "S3Prefix") return not_yet(s3->S3DataType);
    if (s3->S3DataDistributionType.value_or("FullyReplicated") != "FullyReplicated")
      return not_yet(*s3->S3DataDistributionType);
    if (mode != "File") return not_yet(mode + " mode");
  }
  return {};
}

Result<> check_stopping(const CreateTrainingJobRequest& r, bool strict) {
  if (!r.StoppingCondition || !r.StoppingCondition->MaxWaitTimeInSeconds) return {};
  if (!r.EnableManagedSpotTraining.value_or(false))
    return refuse(
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is "
        "set to true");
  const std::int64_t run = r.StoppingCondition->MaxRuntimeInSeconds.value_or(86'400);
  if (strict && *r.StoppingCondition->MaxWaitTimeInSeconds < run)
    return refuse(
        "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
        "MaxRuntimeInSeconds");
  return {};
}

Failure name_is_taken(const Call& call, const std::string& name) {
  return fail(
      ErrorKind::conflict, "ResourceInUse",
      fmt::format("Training job names must be unique within an AWS account and region, and a "
                  "training job with this name already exists ({}). Leave job_name out and the "
                  "SDK makes a unique one, or add a time to it.",
                  training_job_arn(call.region, call.caller.account, name)));
}

Result<> check_inputs(store::Txn& txn, const CreateTrainingJobRequest& r, const Call& call) {
  if (!r.InputDataConfig) return {};
  for (const auto& channel : *r.InputDataConfig)
    TRY(engine::check_input(txn, channel.DataSource.S3DataSource->S3Uri, r.RoleArn, call.region));
  return {};
}

}  // namespace

Result<Write> create_training_job(Services& services, const Call& call) {
  auto request = TRY(wire::decode<CreateTrainingJobRequest>(call.body));
  TRY(check_offered(request));
  TRY(check_channels(request));
  TRY(check_stopping(request, services.settings.strict));
  store::JobRow row;
  row.id = new_id(services.clock.now());
  row.account = call.caller.account;
  row.region = call.region;
  row.name = request.TrainingJobName;
  row.request = call.body;
  row.environment = call.caller.environment;
  Write write;
  write.write = [&services, call, row,
                 request = std::move(request)](store::Txn& txn) -> Result<std::string> {
    const auto created = services.engine.create(txn, row, 1);
    if (!created && created.error().kind == ErrorKind::conflict)
      return name_is_taken(call, row.name);
    TRY(created);
    TRY(check_inputs(txn, request, call));
    const std::string arn = training_job_arn(row.region, row.account, row.name);
    store::Tags tags;
    if (request.Tags)
      for (const auto& tag : *request.Tags)
        tags.emplace_back(tag.Key, tag.Value);
    TRY(store::put_tags(txn, arn, tags));
    return fmt::format("{{\"TrainingJobArn\":{}}}", wire::quote_json(arn));
  };
  write.committed = [&services, row] { services.engine.created(row); };
  return write;
}

}  // namespace trainyard::api
