#pragma once
/// DescribeTrainingJob. SageMaker API of 2017-07-24.

#include "wire/fields.hpp"
#include "wire/shapes/create_training_job.hpp"
#include "wire/shapes/enums.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct DescribeTrainingJobRequest {
  std::string TrainingJobName;
};
template <class V> void fields(V& v, DescribeTrainingJobRequest& x) {
  v("TrainingJobName", x.TrainingJobName, required, length(1, 63),
    pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
}

struct ModelArtifacts {
  std::string S3ModelArtifacts;
};
template <class V> void fields(V& v, ModelArtifacts& x) {
  v("S3ModelArtifacts", x.S3ModelArtifacts, required, length(0, 1024),
    pattern(R"~((https|s3)://([^/]+)/?(.*))~"));
}

struct WarmPoolStatus {
  std::string Status;
  std::optional<std::int64_t> ResourceRetainedBillableTimeInSeconds;
  std::optional<std::string> ReusedByJob;
};
template <class V> void fields(V& v, WarmPoolStatus& x) {
  v("Status", x.Status, required, one_of(enums::warm_pool_resource_status));
  v("ResourceRetainedBillableTimeInSeconds", x.ResourceRetainedBillableTimeInSeconds, range(0, {}));
  v("ReusedByJob", x.ReusedByJob, length(1, 63), pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
}

struct SecondaryStatusTransition {
  std::string Status;
  Time StartTime{};
  std::optional<Time> EndTime;
  std::optional<std::string> StatusMessage;
};
template <class V> void fields(V& v, SecondaryStatusTransition& x) {
  v("Status", x.Status, required, one_of(enums::secondary_status));
  v("StartTime", x.StartTime, required);
  v("EndTime", x.EndTime);
  v("StatusMessage", x.StatusMessage);
}

struct MetricData {
  std::optional<std::string> MetricName;
  std::optional<double> Value;
  std::optional<Time> Timestamp;
};
template <class V> void fields(V& v, MetricData& x) {
  v("MetricName", x.MetricName, length(1, 255), pattern(R"~(.+)~"));
  v("Value", x.Value);
  v("Timestamp", x.Timestamp);
}

struct MlflowDetails {
  std::optional<std::string> MlflowExperimentId;
  std::optional<std::string> MlflowRunId;
};
template <class V> void fields(V& v, MlflowDetails& x) {
  v("MlflowExperimentId", x.MlflowExperimentId, length(1, 256), pattern(R"~(.*)~"));
  v("MlflowRunId", x.MlflowRunId, length(1, 256), pattern(R"~(.*)~"));
}

struct TrainingProgressInfo {
  std::optional<std::int64_t> TotalStepCountPerEpoch;
  std::optional<std::int64_t> CurrentStep;
  std::optional<std::int64_t> CurrentEpoch;
  std::optional<std::int64_t> MaxEpoch;
};
template <class V> void fields(V& v, TrainingProgressInfo& x) {
  v("TotalStepCountPerEpoch", x.TotalStepCountPerEpoch, range(0, {}));
  v("CurrentStep", x.CurrentStep, range(0, {}));
  v("CurrentEpoch", x.CurrentEpoch, range(0, {}));
  v("MaxEpoch", x.MaxEpoch, range(0, {}));
}

struct DescribeTrainingJobResponse {
  std::string TrainingJobName;
  std::string TrainingJobArn;
  std::optional<std::string> TuningJobArn;
  std::optional<std::string> LabelingJobArn;
  std::optional<std::string> AutoMLJobArn;
  wire::ModelArtifacts ModelArtifacts;
  std::string TrainingJobStatus;
  std::string SecondaryStatus;
  std::optional<std::string> FailureReason;
  std::optional<std::map<std::string, std::string>> HyperParameters;
  std::optional<wire::AlgorithmSpecification> AlgorithmSpecification;
  std::optional<std::string> RoleArn;
  std::optional<std::vector<wire::Channel>> InputDataConfig;
  std::optional<wire::OutputDataConfig> OutputDataConfig;
  std::optional<wire::ResourceConfig> ResourceConfig;
  std::optional<wire::WarmPoolStatus> WarmPoolStatus;
  std::optional<wire::VpcConfig> VpcConfig;
  wire::StoppingCondition StoppingCondition;
  Time CreationTime{};
  std::optional<Time> TrainingStartTime;
  std::optional<Time> TrainingEndTime;
  std::optional<Time> LastModifiedTime;
  std::optional<std::vector<wire::SecondaryStatusTransition>> SecondaryStatusTransitions;
  std::optional<std::vector<wire::MetricData>> FinalMetricDataList;
  std::optional<bool> EnableNetworkIsolation;
  std::optional<bool> EnableInterContainerTrafficEncryption;
  std::optional<bool> EnableManagedSpotTraining;
  std::optional<wire::CheckpointConfig> CheckpointConfig;
  std::optional<std::int64_t> TrainingTimeInSeconds;
  std::optional<std::int64_t> BillableTimeInSeconds;
  std::optional<std::int64_t> BillableTokenCount;
  std::optional<wire::DebugHookConfig> DebugHookConfig;
  std::optional<wire::ExperimentConfig> ExperimentConfig;
  std::optional<std::vector<wire::DebugRuleConfiguration>> DebugRuleConfigurations;
  std::optional<wire::TensorBoardOutputConfig> TensorBoardOutputConfig;
  std::optional<std::vector<wire::DebugRuleEvaluationStatus>> DebugRuleEvaluationStatuses;
  std::optional<wire::ProfilerConfig> ProfilerConfig;
  std::optional<std::vector<wire::ProfilerRuleConfiguration>> ProfilerRuleConfigurations;
  std::optional<std::vector<wire::ProfilerRuleEvaluationStatus>> ProfilerRuleEvaluationStatuses;
  std::optional<std::string> ProfilingStatus;
  std::optional<std::map<std::string, std::string>> Environment;
  std::optional<wire::RetryStrategy> RetryStrategy;
  std::optional<wire::RemoteDebugConfig> RemoteDebugConfig;
  std::optional<wire::InfraCheckConfig> InfraCheckConfig;
  std::optional<wire::ServerlessJobConfig> ServerlessJobConfig;
  std::optional<wire::MlflowConfig> MlflowConfig;
  std::optional<wire::ModelPackageConfig> ModelPackageConfig;
  std::optional<wire::MlflowDetails> MlflowDetails;
  std::optional<wire::TrainingProgressInfo> ProgressInfo;
  std::optional<std::string> OutputModelPackageArn;
};
template <class V> void fields(V& v, DescribeTrainingJobResponse& x) {
  v("TrainingJobName", x.TrainingJobName, required, length(1, 63),
    pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
  v("TrainingJobArn", x.TrainingJobArn, required, length(0, 256),
    pattern(
        R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-job/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
  v("TuningJobArn", x.TuningJobArn, length(0, 256),
    pattern(R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:hyper-parameter-tuning-job/.*)~"));
  v("LabelingJobArn", x.LabelingJobArn, length(0, 2048),
    pattern(R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:labeling-job/.*)~"));
  v("AutoMLJobArn", x.AutoMLJobArn, length(1, 256),
    pattern(R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:automl-job/.*)~"));
  v("ModelArtifacts", x.ModelArtifacts, required);
  v("TrainingJobStatus", x.TrainingJobStatus, required, one_of(enums::training_job_status));
  v("SecondaryStatus", x.SecondaryStatus, required, one_of(enums::secondary_status));
  v("FailureReason", x.FailureReason, length(0, 1024));
  v("HyperParameters", x.HyperParameters, length(0, 100), key(length(0, 256), pattern(R"~(.*)~")),
    value(length(0, 2500), pattern(R"~(.*)~")));
  v("AlgorithmSpecification", x.AlgorithmSpecification);
  v("RoleArn", x.RoleArn, length(20, 2048),
    pattern(R"~(arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+)~"));
  v("InputDataConfig", x.InputDataConfig, length(1, 20));
  v("OutputDataConfig", x.OutputDataConfig);
  v("ResourceConfig", x.ResourceConfig);
  v("WarmPoolStatus", x.WarmPoolStatus);
  v("VpcConfig", x.VpcConfig);
  v("StoppingCondition", x.StoppingCondition, required);
  v("CreationTime", x.CreationTime, required);
  v("TrainingStartTime", x.TrainingStartTime);
  v("TrainingEndTime", x.TrainingEndTime);
  v("LastModifiedTime", x.LastModifiedTime);
  v("SecondaryStatusTransitions", x.SecondaryStatusTransitions);
  v("FinalMetricDataList", x.FinalMetricDataList, length(0, 40));
  v("EnableNetworkIsolation", x.EnableNetworkIsolation);
  v("EnableInterContainerTrafficEncryption", x.EnableInterContainerTrafficEncryption);
  v("EnableManagedSpotTraining", x.EnableManagedSpotTraining);
  v("CheckpointConfig", x.CheckpointConfig);
  v("TrainingTimeInSeconds", x.TrainingTimeInSeconds, range(1, {}));
  v("BillableTimeInSeconds", x.BillableTimeInSeconds, range(1, {}));
  v("BillableTokenCount", x.BillableTokenCount, range(0, {}));
  v("DebugHookConfig", x.DebugHookConfig);
  v("ExperimentConfig", x.ExperimentConfig);
  v("DebugRuleConfigurations", x.DebugRuleConfigurations, length(0, 20));
  v("TensorBoardOutputConfig", x.TensorBoardOutputConfig);
  v("DebugRuleEvaluationStatuses", x.DebugRuleEvaluationStatuses, length(0, 20));
  v("ProfilerConfig", x.ProfilerConfig);
  v("ProfilerRuleConfigurations", x.ProfilerRuleConfigurations, length(0, 20));
  v("ProfilerRuleEvaluationStatuses", x.ProfilerRuleEvaluationStatuses, length(0, 20));
  v("ProfilingStatus", x.ProfilingStatus, one_of(enums::profiling_status));
  v("Environment", x.Environment, length(0, 100),
    key(length(0, 512), pattern(R"~([a-zA-Z_][a-zA-Z0-9_]*)~")),
    value(length(0, 512), pattern(R"~([\S\s]*)~")));
  v("RetryStrategy", x.RetryStrategy);
  v("RemoteDebugConfig", x.RemoteDebugConfig);
  v("InfraCheckConfig", x.InfraCheckConfig);
  v("ServerlessJobConfig", x.ServerlessJobConfig);
  v("MlflowConfig", x.MlflowConfig);
  v("ModelPackageConfig", x.ModelPackageConfig);
  v("MlflowDetails", x.MlflowDetails);
  v("ProgressInfo", x.ProgressInfo);
  v("OutputModelPackageArn", x.OutputModelPackageArn, length(1, 2048),
    pattern(
        R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]{9,16}:[0-9]{12}:model-package/[\S]{1,2048})~"));
}

}  // namespace trainyard::wire
