#pragma once
/// CreateTrainingJob. SageMaker API of 2017-07-24.

#include "wire/fields.hpp"
#include "wire/shapes/algorithm.hpp"
#include "wire/shapes/data_source.hpp"
#include "wire/shapes/debugger.hpp"
#include "wire/shapes/enums.hpp"
#include "wire/shapes/resource_config.hpp"
#include "wire/shapes/tags.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct ExperimentConfig {
  std::optional<std::string> ExperimentName;
  std::optional<std::string> TrialName;
  std::optional<std::string> TrialComponentDisplayName;
  std::optional<std::string> RunName;
};
template <class V> void fields(V& v, ExperimentConfig& x) {
  v("ExperimentName", x.ExperimentName, length(1, 120),
    pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,119})~"));
  v("TrialName", x.TrialName, length(1, 120), pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,119})~"));
  v("TrialComponentDisplayName", x.TrialComponentDisplayName, length(1, 120),
    pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,119})~"));
  v("RunName", x.RunName, length(1, 120), pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,119})~"));
}

struct RemoteDebugConfig {
  std::optional<bool> EnableRemoteDebug;
};
template <class V> void fields(V& v, RemoteDebugConfig& x) {
  v("EnableRemoteDebug", x.EnableRemoteDebug);
}

struct InfraCheckConfig {
  std::optional<bool> EnableInfraCheck;
};
template <class V> void fields(V& v, InfraCheckConfig& x) {
  v("EnableInfraCheck", x.EnableInfraCheck);
}

struct SessionChainingConfig {
  std::optional<bool> EnableSessionTagChaining;
};
template <class V> void fields(V& v, SessionChainingConfig& x) {
  v("EnableSessionTagChaining", x.EnableSessionTagChaining);
}

struct ServerlessJobConfig {
  std::string BaseModelArn;
  std::optional<bool> AcceptEula;
  std::string JobType;
  std::optional<std::string> CustomizationTechnique;
  std::optional<std::string> Peft;
  std::optional<std::string> EvaluationType;
  std::optional<std::string> EvaluatorArn;
  std::optional<std::string> SequenceLength;
};
template <class V> void fields(V& v, ServerlessJobConfig& x) {
  v("BaseModelArn", x.BaseModelArn, required, length(1, 2048),
    pattern(
        R"~((arn:[a-z0-9-\.]{1,63}:sagemaker:\w+(?:-\w+)+:(\d{12}|aws):hub-content\/)[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\/Model\/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}(\/\d{1,4}.\d{1,4}.\d{1,4})?)~"));
  v("AcceptEula", x.AcceptEula);
  v("JobType", x.JobType, required, one_of(enums::serverless_job_type));
  v("CustomizationTechnique", x.CustomizationTechnique, one_of(enums::customization_technique));
  v("Peft", x.Peft, one_of(enums::peft));
  v("EvaluationType", x.EvaluationType, one_of(enums::evaluation_type));
  v("EvaluatorArn", x.EvaluatorArn, pattern(R"~(.*)~"));
  v("SequenceLength", x.SequenceLength, length(1, 50), pattern(R"~(\d+K)~"));
}

struct MlflowConfig {
  std::string MlflowResourceArn;
  std::optional<std::string> MlflowExperimentName;
  std::optional<std::string> MlflowRunName;
};
template <class V> void fields(V& v, MlflowConfig& x) {
  v("MlflowResourceArn", x.MlflowResourceArn, required, length(0, 2048),
    pattern(R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:mlflow-[a-zA-Z-]*/.*)~"));
  v("MlflowExperimentName", x.MlflowExperimentName, length(1, 256), pattern(R"~(.*)~"));
  v("MlflowRunName", x.MlflowRunName, length(1, 256), pattern(R"~(.*)~"));
}

struct ModelPackageConfig {
  std::string ModelPackageGroupArn;
  std::optional<std::string> SourceModelPackageArn;
};
template <class V> void fields(V& v, ModelPackageConfig& x) {
  v("ModelPackageGroupArn", x.ModelPackageGroupArn, required, length(1, 2048),
    pattern(
        R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]{9,16}:[0-9]{12}:model-package-group/[\S]{1,2048})~"));
  v("SourceModelPackageArn", x.SourceModelPackageArn, length(1, 2048),
    pattern(
        R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]{9,16}:[0-9]{12}:model-package/[\S]{1,2048})~"));
}

struct CreateTrainingJobRequest {
  std::string TrainingJobName;
  std::optional<std::map<std::string, std::string>> HyperParameters;
  std::optional<wire::AlgorithmSpecification> AlgorithmSpecification;
  std::string RoleArn;
  std::optional<std::vector<wire::Channel>> InputDataConfig;
  wire::OutputDataConfig OutputDataConfig;
  std::optional<wire::ResourceConfig> ResourceConfig;
  std::optional<wire::VpcConfig> VpcConfig;
  std::optional<wire::StoppingCondition> StoppingCondition;
  std::optional<std::vector<wire::Tag>> Tags;
  std::optional<bool> EnableNetworkIsolation;
  std::optional<bool> EnableInterContainerTrafficEncryption;
  std::optional<bool> EnableManagedSpotTraining;
  std::optional<wire::CheckpointConfig> CheckpointConfig;
  std::optional<wire::DebugHookConfig> DebugHookConfig;
  std::optional<std::vector<wire::DebugRuleConfiguration>> DebugRuleConfigurations;
  std::optional<wire::TensorBoardOutputConfig> TensorBoardOutputConfig;
  std::optional<wire::ExperimentConfig> ExperimentConfig;
  std::optional<wire::ProfilerConfig> ProfilerConfig;
  std::optional<std::vector<wire::ProfilerRuleConfiguration>> ProfilerRuleConfigurations;
  std::optional<std::map<std::string, std::string>> Environment;
  std::optional<wire::RetryStrategy> RetryStrategy;
  std::optional<wire::RemoteDebugConfig> RemoteDebugConfig;
  std::optional<wire::InfraCheckConfig> InfraCheckConfig;
  std::optional<wire::SessionChainingConfig> SessionChainingConfig;
  std::optional<wire::ServerlessJobConfig> ServerlessJobConfig;
  std::optional<wire::MlflowConfig> MlflowConfig;
  std::optional<wire::ModelPackageConfig> ModelPackageConfig;
};
template <class V> void fields(V& v, CreateTrainingJobRequest& x) {
  v("TrainingJobName", x.TrainingJobName, required, length(1, 63),
    pattern(R"~([a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
  v("HyperParameters", x.HyperParameters, length(0, 100), key(length(0, 256), pattern(R"~(.*)~")),
    value(length(0, 2500), pattern(R"~(.*)~")));
  v("AlgorithmSpecification", x.AlgorithmSpecification);
  v("RoleArn", x.RoleArn, required, length(20, 2048),
    pattern(R"~(arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+)~"));
  v("InputDataConfig", x.InputDataConfig, length(1, 20));
  v("OutputDataConfig", x.OutputDataConfig, required);
  v("ResourceConfig", x.ResourceConfig);
  v("VpcConfig", x.VpcConfig);
  v("StoppingCondition", x.StoppingCondition);
  v("Tags", x.Tags, length(0, 50));
  v("EnableNetworkIsolation", x.EnableNetworkIsolation);
  v("EnableInterContainerTrafficEncryption", x.EnableInterContainerTrafficEncryption);
  v("EnableManagedSpotTraining", x.EnableManagedSpotTraining);
  v("CheckpointConfig", x.CheckpointConfig);
  v("DebugHookConfig", x.DebugHookConfig);
  v("DebugRuleConfigurations", x.DebugRuleConfigurations, length(0, 20));
  v("TensorBoardOutputConfig", x.TensorBoardOutputConfig);
  v("ExperimentConfig", x.ExperimentConfig);
  v("ProfilerConfig", x.ProfilerConfig);
  v("ProfilerRuleConfigurations", x.ProfilerRuleConfigurations, length(0, 20));
  v("Environment", x.Environment, length(0, 100),
    key(length(0, 512), pattern(R"~([a-zA-Z_][a-zA-Z0-9_]*)~")),
    value(length(0, 512), pattern(R"~([\S\s]*)~")));
  v("RetryStrategy", x.RetryStrategy);
  v("RemoteDebugConfig", x.RemoteDebugConfig);
  v("InfraCheckConfig", x.InfraCheckConfig);
  v("SessionChainingConfig", x.SessionChainingConfig);
  v("ServerlessJobConfig", x.ServerlessJobConfig);
  v("MlflowConfig", x.MlflowConfig);
  v("ModelPackageConfig", x.ModelPackageConfig);
}

struct CreateTrainingJobResponse {
  std::string TrainingJobArn;
};
template <class V> void fields(V& v, CreateTrainingJobResponse& x) {
  v("TrainingJobArn", x.TrainingJobArn, required, length(0, 256),
    pattern(
        R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-job/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
}

}  // namespace trainyard::wire
