#include "service/engine/notices.hpp"

#include "service/channels/channels.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::engine {
namespace {

using wire::Channel;
using wire::CreateTrainingJobRequest;

/// Collects the lines, a group of members at a time.
struct Lines {
  const CreateTrainingJobRequest& r;
  std::vector<std::string> out;

  void say(bool asked, std::string_view member, std::string_view effect) {
    if (asked) out.push_back(fmt::format("{} has no effect yet: {}", member, effect));
  }
  template <class List> static bool has_any(const std::optional<List>& list) {
    return list && !list->empty();
  }
  bool of_any_channel(const std::function<bool(const Channel&)>& asks) const {
    return r.InputDataConfig &&
           std::any_of(r.InputDataConfig->begin(), r.InputDataConfig->end(), asks);
  }
  bool is_piped(const Channel& channel) const {
    return channels::mode_of(channel, r.AlgorithmSpecification->TrainingInputMode) == "Pipe";
  }

  void of_algorithm();
  void of_channels();
  void of_hubs();
  void of_resources();
  void of_network_and_keys();
  void of_times();
  void of_observation();
  void of_offers();
};

void Lines::of_algorithm() {
  const auto& algorithm = r.AlgorithmSpecification;
  if (!algorithm) return;
  say(has_any(algorithm->MetricDefinitions), "MetricDefinitions",
      "no metric is read from this log");
  const auto& image = algorithm->TrainingImageConfig;
  say(image && (image->TrainingRepositoryAccessMode != "Platform" ||
                image->TrainingRepositoryAuthConfig),
      "TrainingImageConfig", "no image is pulled from a registry");
}

void Lines::of_channels() {
  const auto asks =
      [this](std::string_view member, const std::function<bool(const Channel&)>& is_asked,
             std::string_view effect) { say(of_any_channel(is_asked), member, effect); };
  asks(
      "CompressionType",
      [this](const Channel& c) { return c.CompressionType == "Gzip" && !is_piped(c); },
      "it acts in Pipe mode, files of a channel are given as they are stored");
  asks(
      "RecordWrapperType",
      [this](const Channel& c) { return c.RecordWrapperType == "RecordIO" && !is_piped(c); },
      "it acts in Pipe mode, files of a channel are given as they are stored");
  asks(
      "ShuffleConfig",
      [this](const Channel& c) { return c.ShuffleConfig.has_value() && !is_piped(c); },
      "it acts in Pipe mode, a channel's files have no order");
  asks(
      "AttributeNames",
      [](const Channel& c) {
        const auto& s3 = c.DataSource.S3DataSource;
        return s3 && s3->S3DataType != "AugmentedManifestFile" && has_any(s3->AttributeNames);
      },
      "they are of augmented manifests");
  of_hubs();
}

void Lines::of_hubs() {
  const auto s3_has = [this](auto member) {
    return of_any_channel([member](const Channel& c) {
      return c.DataSource.S3DataSource && (*c.DataSource.S3DataSource.*member).has_value();
    });
  };
  say(s3_has(&wire::S3DataSource::InstanceGroupNames), "InstanceGroupNames",
      "there is one instance, which has all channels");
  say(s3_has(&wire::S3DataSource::ModelAccessConfig), "ModelAccessConfig",
      "no licence is looked at");
  say(s3_has(&wire::S3DataSource::HubAccessConfig), "HubAccessConfig",
      "a channel's files come from S3");
  say(of_any_channel([](const Channel& c) { return c.DataSource.DatasetSource.has_value(); }),
      "DatasetSource", "a channel's files come from S3");
}

void Lines::of_resources() {
  if (!r.ResourceConfig) return;
  const auto& resources = *r.ResourceConfig;
  say(resources.KeepAlivePeriodInSeconds.value_or(0) > 0, "KeepAlivePeriodInSeconds",
      "no worker is kept warm");
  say(resources.TrainingPlanArn.has_value(), "TrainingPlanArn", "the job runs on this machine");
  say(resources.InstancePlacementConfig.has_value(), "InstancePlacementConfig",
      "the job runs on this machine");
  say(has_any(resources.InstancePreferences), "InstancePreferences",
      "InstanceType says what the job gets");
  say(resources.SelectedInstanceType.has_value(), "SelectedInstanceType",
      "InstanceType says what the job gets");
  say(resources.SelectedInstanceCount.has_value(), "SelectedInstanceCount",
      "there is one instance");
}

void Lines::of_network_and_keys() {
  say(r.VpcConfig.has_value(), "VpcConfig", "the job uses this machine's network");
  say(r.EnableInterContainerTrafficEncryption.value_or(false),
      "EnableInterContainerTrafficEncryption", "there is one container");
  say(!r.OutputDataConfig.KmsKeyId.value_or("").empty(), "KmsKeyId",
      "outputs are stored without encryption");
  say(r.ResourceConfig && !r.ResourceConfig->VolumeKmsKeyId.value_or("").empty(), "VolumeKmsKeyId",
      "the job's files lie on this machine's disk as they are");
}

void Lines::of_times() {
  const auto& stop = r.StoppingCondition;
  if (!stop) return;
  if (stop->MaxWaitTimeInSeconds &&
      *stop->MaxWaitTimeInSeconds < stop->MaxRuntimeInSeconds.value_or(86'400))
    out.push_back(
        "MaxWaitTimeInSeconds is below MaxRuntimeInSeconds, which the service refuses: here it "
        "bounds each wait for a machine, and never ends a running job");
}

// The SDKs send a hook and a profiler that nobody asked for: only more than that is a wish.
void Lines::of_observation() {
  const auto& hook = r.DebugHookConfig;
  say(hook && (hook->LocalPath || has_any(hook->HookParameters) ||
               has_any(hook->CollectionConfigurations)),
      "DebugHookConfig", "no tensor is saved");
  say(has_any(r.DebugRuleConfigurations), "DebugRuleConfigurations", "no rule is evaluated");
  const auto& profiler = r.ProfilerConfig;
  say(profiler && !profiler->DisableProfiler.value_or(false) &&
          (profiler->ProfilingIntervalInMilliseconds || has_any(profiler->ProfilingParameters)),
      "ProfilerConfig", "nothing is profiled");
  say(has_any(r.ProfilerRuleConfigurations), "ProfilerRuleConfigurations", "no rule is evaluated");
  const auto& experiment = r.ExperimentConfig;
  say(experiment && (experiment->ExperimentName || experiment->TrialName ||
                     experiment->TrialComponentDisplayName || experiment->RunName),
      "ExperimentConfig", "there are no experiments");
  say(r.RemoteDebugConfig && r.RemoteDebugConfig->EnableRemoteDebug.value_or(false),
      "RemoteDebugConfig", "no shell into the job is offered");
  say(r.InfraCheckConfig && r.InfraCheckConfig->EnableInfraCheck.value_or(false),
      "InfraCheckConfig", "the machine is not checked before the script begins");
}

void Lines::of_offers() {
  say(r.SessionChainingConfig && r.SessionChainingConfig->EnableSessionTagChaining.value_or(false),
      "SessionChainingConfig", "there are no session tags");
  say(r.ServerlessJobConfig.has_value(), "ServerlessJobConfig", "the container's program is run");
  say(r.MlflowConfig.has_value(), "MlflowConfig", "nothing is sent to MLflow");
  say(r.ModelPackageConfig.has_value(), "ModelPackageConfig", "the model is not registered");
}

}  // namespace

std::vector<std::string> notices(const CreateTrainingJobRequest& request) {
  Lines lines{request, {}};
  lines.of_algorithm();
  lines.of_channels();
  lines.of_resources();
  lines.of_network_and_keys();
  lines.of_times();
  lines.of_observation();
  lines.of_offers();
  return std::move(lines.out);
}

}  // namespace trainyard::engine
