#pragma once
/// What a job runs. SageMaker API of 2017-07-24.

#include "wire/fields.hpp"
#include "wire/shapes/enums.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct MetricDefinition {
  std::string Name;
  std::string Regex;
};
template <class V> void fields(V& v, MetricDefinition& x) {
  v("Name", x.Name, required, length(1, 255), pattern(R"~(.+)~"));
  v("Regex", x.Regex, required, length(1, 500), pattern(R"~(.+)~"));
}

struct TrainingRepositoryAuthConfig {
  std::string TrainingRepositoryCredentialsProviderArn;
};
template <class V> void fields(V& v, TrainingRepositoryAuthConfig& x) {
  v("TrainingRepositoryCredentialsProviderArn", x.TrainingRepositoryCredentialsProviderArn,
    required, length(1, 2048),
    pattern(R"~(arn:[\p{Alnum}\-]+:lambda:[\p{Alnum}\-]+:[0-9]{12}:function:.*)~"));
}

struct TrainingImageConfig {
  std::string TrainingRepositoryAccessMode;
  std::optional<wire::TrainingRepositoryAuthConfig> TrainingRepositoryAuthConfig;
};
template <class V> void fields(V& v, TrainingImageConfig& x) {
  v("TrainingRepositoryAccessMode", x.TrainingRepositoryAccessMode, required,
    one_of(enums::training_repository_access_mode));
  v("TrainingRepositoryAuthConfig", x.TrainingRepositoryAuthConfig);
}

struct AlgorithmSpecification {
  std::optional<std::string> TrainingImage;
  std::optional<std::string> AlgorithmName;
  std::string TrainingInputMode;
  std::optional<std::vector<wire::MetricDefinition>> MetricDefinitions;
  std::optional<bool> EnableSageMakerMetricsTimeSeries;
  std::optional<std::vector<std::string>> ContainerEntrypoint;
  std::optional<std::vector<std::string>> ContainerArguments;
  std::optional<wire::TrainingImageConfig> TrainingImageConfig;
};
template <class V> void fields(V& v, AlgorithmSpecification& x) {
  v("TrainingImage", x.TrainingImage, length(0, 255), pattern(R"~(.*)~"));
  v("AlgorithmName", x.AlgorithmName, length(1, 170),
    pattern(
        R"~((arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-))~"));
  v("TrainingInputMode", x.TrainingInputMode, required, one_of(enums::training_input_mode));
  v("MetricDefinitions", x.MetricDefinitions, length(0, 40));
  v("EnableSageMakerMetricsTimeSeries", x.EnableSageMakerMetricsTimeSeries);
  v("ContainerEntrypoint", x.ContainerEntrypoint, length(1, 100),
    each(length(0, 256), pattern(R"~(.*)~")));
  v("ContainerArguments", x.ContainerArguments, length(1, 100),
    each(length(0, 256), pattern(R"~(.*)~")));
  v("TrainingImageConfig", x.TrainingImageConfig);
}

}  // namespace trainyard::wire
