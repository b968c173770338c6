#include "service/api/sagemaker/check_training_job.hpp"

#include "base/arn.hpp"
#include "service/channels/channels.hpp"
#include "service/engine/s3_places.hpp"

#include <fmt/format.h>

#include <set>

namespace trainyard::api {
namespace {

using wire::CreateTrainingJobRequest;

Failure refuse(std::string message) {
  return fail(ErrorKind::invalid, "ValidationException", std::move(message));
}

// What one machine cannot do yet is refused in a sentence, never run as something else.
Result<> check_resources(const CreateTrainingJobRequest& r) {
  if (!r.ResourceConfig)
    return refuse("ResourceConfig must be given, with an InstanceType and an InstanceCount of 1.");
  if (r.ResourceConfig->InstanceGroups || r.ResourceConfig->InstanceCount.value_or(1) > 1)
    return refuse(
        "Trainyard runs one instance a job for now: set InstanceCount to 1 (instance_count=1) "
        "and leave InstanceGroups out.");
  if (!r.ResourceConfig->InstanceType)
    return refuse("ResourceConfig must have an InstanceType (instance_type=\"ml.m5.large\").");
  if (r.ResourceConfig->InstanceCount != 1)
    return refuse("ResourceConfig must have an InstanceCount of 1 (instance_count=1).");
  return {};
}

Result<> check_algorithm(const CreateTrainingJobRequest& r) {
  const auto& algorithm = r.AlgorithmSpecification;
  if (!algorithm) return refuse("AlgorithmSpecification must be given, with a TrainingImage.");
  if (algorithm->AlgorithmName)
    return refuse(
        "Trainyard has no algorithm marketplace: give TrainingImage (image_uri) instead of "
        "AlgorithmName.");
  if (!algorithm->TrainingImage) return refuse("AlgorithmSpecification must have a TrainingImage.");
  return {};
}

// A channel in Pipe mode has FIFOs of its name and a number: no other channel's directory may.
Result<> check_pipe(const wire::Channel& pipe, const CreateTrainingJobRequest& r) {
  const std::string& job_mode = r.AlgorithmSpecification->TrainingInputMode;
  if (channels::mode_of(pipe, job_mode) != "Pipe") return {};
  const std::string front = pipe.ChannelName + "_";
  for (const auto& other : *r.InputDataConfig) {
    const std::string& name = other.ChannelName;
    if (channels::mode_of(other, job_mode) != "Pipe" && name.size() > front.size() &&
        name.starts_with(front) &&
        name.find_first_not_of("0123456789", front.size()) == std::string::npos)
      return refuse(
          fmt::format("Channel '{}': its name is that of a FIFO of channel '{}', which is "
                      "in Pipe mode. Give one of them another.",
                      name, pipe.ChannelName));
  }
  return {};
}

Result<> check_channels(const CreateTrainingJobRequest& r, const Settings& settings) {
  if (!r.InputDataConfig) return {};
  std::set<std::string> names;
  for (const auto& channel : *r.InputDataConfig) {
    if (!names.insert(channel.ChannelName).second)
      return refuse(
          fmt::format("Channel names must be unique: '{}' is given twice.", channel.ChannelName));
    TRY(channels::check(settings, channel, r.AlgorithmSpecification->TrainingInputMode));
  }
  for (const auto& channel : *r.InputDataConfig)
    TRY(check_pipe(channel, r));
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

// There is one role, and neither a network nor a key.
Result<> check_known(const CreateTrainingJobRequest& r, std::string_view account) {
  if (r.RoleArn != role_arn(account, execution_role))
    return refuse(fmt::format("Could not assume role {}. Please ensure that the role exists and "
                              "allows principal 'sagemaker.amazonaws.com' to assume the role.",
                              r.RoleArn));
  if (r.VpcConfig && !r.VpcConfig->Subnets.empty())
    return refuse(fmt::format("The subnet ID '{}' does not exist", r.VpcConfig->Subnets[0]));
  if (r.VpcConfig && !r.VpcConfig->SecurityGroupIds.empty())
    return refuse(
        fmt::format("The security group '{}' does not exist", r.VpcConfig->SecurityGroupIds[0]));
  for (const auto& key : {r.OutputDataConfig.KmsKeyId, r.ResourceConfig->VolumeKmsKeyId})
    if (!key.value_or("").empty()) return refuse(fmt::format("Key '{}' does not exist", *key));
  return {};
}

}  // namespace

Result<> check_training_job(const CreateTrainingJobRequest& r, std::string_view account,
                            const Settings& settings) {
  TRY(check_resources(r));
  TRY(check_algorithm(r));
  TRY(check_channels(r, settings));
  TRY(check_stopping(r, settings.strict));
  if (settings.strict) TRY(check_known(r, account));
  return {};
}

Result<> check_places(store::Snapshot& s, const CreateTrainingJobRequest& r,
                      std::string_view account, std::string_view region, const Settings& settings) {
  if (r.InputDataConfig)
    for (const auto& channel : *r.InputDataConfig)
      TRY(channels::check_objects(s, channel, r.RoleArn, region, settings));
  TRY(engine::check_output(s, "OutputDataConfig.S3OutputPath", r.OutputDataConfig.S3OutputPath,
                           "/" + r.TrainingJobName + "/output/output.tar.gz", account, settings));
  if (r.TensorBoardOutputConfig)
    TRY(engine::check_output(s, "TensorBoardOutputConfig.S3OutputPath",
                             r.TensorBoardOutputConfig->S3OutputPath,
                             "/" + r.TrainingJobName + "/tensorboard-output/", account, settings));
  if (r.CheckpointConfig)
    TRY(engine::check_output(s, "CheckpointConfig.S3Uri", r.CheckpointConfig->S3Uri, "", account,
                             settings));
  return {};
}

}  // namespace trainyard::api
