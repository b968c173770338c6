#include "service/engine/description.hpp"

#include "base/arn.hpp"
#include "base/encoding.hpp"
#include "wire/json.hpp"
#include "wire/shapes/create_training_job.hpp"

#include <algorithm>

namespace trainyard::engine {
namespace {

using wire::CreateTrainingJobRequest;
using wire::DescribeTrainingJobResponse;

// What came with CreateTrainingJob comes back as it was sent; the service's defaults fill the rest.
void echo(const CreateTrainingJobRequest& in, DescribeTrainingJobResponse& out) {
  out.TrainingJobName = in.TrainingJobName;
  out.HyperParameters = in.HyperParameters;
  out.AlgorithmSpecification = in.AlgorithmSpecification;
  out.RoleArn = in.RoleArn;
  out.InputDataConfig = in.InputDataConfig;
  out.OutputDataConfig = in.OutputDataConfig;
  // attach() reads the key unguarded, so it is always there.
  if (!out.OutputDataConfig->KmsKeyId) out.OutputDataConfig->KmsKeyId = "";
  out.ResourceConfig = in.ResourceConfig;
  out.VpcConfig = in.VpcConfig;
  out.StoppingCondition = in.StoppingCondition.value_or(wire::StoppingCondition{});
  if (!out.StoppingCondition.MaxRuntimeInSeconds)
    out.StoppingCondition.MaxRuntimeInSeconds = 86'400;
  out.EnableNetworkIsolation = in.EnableNetworkIsolation.value_or(false);
  out.EnableInterContainerTrafficEncryption =
      in.EnableInterContainerTrafficEncryption.value_or(false);
  out.EnableManagedSpotTraining = in.EnableManagedSpotTraining.value_or(false);
  out.CheckpointConfig = in.CheckpointConfig;
  if (out.CheckpointConfig && !out.CheckpointConfig->LocalPath)
    out.CheckpointConfig->LocalPath = "/opt/ml/checkpoints";
  out.DebugHookConfig = in.DebugHookConfig;
  out.DebugRuleConfigurations = in.DebugRuleConfigurations;
  out.TensorBoardOutputConfig = in.TensorBoardOutputConfig;
  out.ExperimentConfig = in.ExperimentConfig;
  out.ProfilerConfig = in.ProfilerConfig;
  out.ProfilerRuleConfigurations = in.ProfilerRuleConfigurations;
  out.Environment = in.Environment;
  out.RetryStrategy = in.RetryStrategy;
  out.RemoteDebugConfig = in.RemoteDebugConfig;
  out.InfraCheckConfig = in.InfraCheckConfig;
  out.ServerlessJobConfig = in.ServerlessJobConfig;
  out.MlflowConfig = in.MlflowConfig;
  out.ModelPackageConfig = in.ModelPackageConfig;
}

// Rounded up, and never 0.
std::int64_t whole_seconds(std::int64_t ms) {
  return std::max<std::int64_t>(1, (ms + 999) / 1000);
}

void tell(const job::Job& job, const store::JobRow& row, DescribeTrainingJobResponse& out) {
  out.TrainingJobStatus = job::training_job_status(job);
  out.SecondaryStatus = job::secondary_status(job);
  if (!job.failure_reason.empty() && job.phase == job::Phase::failed)
    out.FailureReason = cut_utf8(job.failure_reason, 1024);
  out.CreationTime = row.created;
  out.LastModifiedTime = row.modified;
  out.TrainingStartTime = job.training_start;
  out.TrainingEndTime = job.training_end;
  auto& transitions = out.SecondaryStatusTransitions.emplace();
  for (const auto& t : job.transitions)
    transitions.push_back({t.status, t.start, t.end, t.message});
  out.ModelArtifacts.S3ModelArtifacts = job.model_uri;
  // Of a job that never had its agents nothing is told: clients divide by it.
  if (job.ended && job.training_start)
    out.TrainingTimeInSeconds = out.BillableTimeInSeconds = whole_seconds(job.training_ms);
}

}  // namespace

DescribeTrainingJobResponse describe(const store::JobRow& row, const job::Job& job,
                                     const CreateTrainingJobRequest& request) {
  DescribeTrainingJobResponse out;
  out.TrainingJobArn = training_job_arn(row.region, row.account, row.name);
  echo(request, out);
  tell(job, row, out);
  return out;
}

}  // namespace trainyard::engine
