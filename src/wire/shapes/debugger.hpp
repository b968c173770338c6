#pragma once
/// Debugger, profiler and TensorBoard members. SageMaker API of 2017-07-24.

#include "wire/fields.hpp"
#include "wire/shapes/enums.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct CollectionConfiguration {
  std::optional<std::string> CollectionName;
  std::optional<std::map<std::string, std::string>> CollectionParameters;
};
template <class V> void fields(V& v, CollectionConfiguration& x) {
  v("CollectionName", x.CollectionName, length(1, 256), pattern(R"~(.*)~"));
  v("CollectionParameters", x.CollectionParameters, length(0, 20),
    key(length(1, 256), pattern(R"~(.*)~")), value(length(0, 256), pattern(R"~(.*)~")));
}

struct DebugHookConfig {
  std::optional<std::string> LocalPath;
  std::string S3OutputPath;
  std::optional<std::map<std::string, std::string>> HookParameters;
  std::optional<std::vector<wire::CollectionConfiguration>> CollectionConfigurations;
};
template <class V> void fields(V& v, DebugHookConfig& x) {
  v("LocalPath", x.LocalPath, length(0, 4096), pattern(R"~(.*)~"));
  v("S3OutputPath", x.S3OutputPath, required, length(0, 1024),
    pattern(R"~((https|s3)://([^/]+)/?(.*))~"));
  v("HookParameters", x.HookParameters, length(0, 20), key(length(1, 256), pattern(R"~(.*)~")),
    value(length(0, 256), pattern(R"~(.*)~")));
  v("CollectionConfigurations", x.CollectionConfigurations, length(0, 20));
}

struct DebugRuleConfiguration {
  std::string RuleConfigurationName;
  std::optional<std::string> LocalPath;
  std::optional<std::string> S3OutputPath;
  std::string RuleEvaluatorImage;
  std::optional<std::string> InstanceType;
  std::optional<std::int64_t> VolumeSizeInGB;
  std::optional<std::map<std::string, std::string>> RuleParameters;
};
template <class V> void fields(V& v, DebugRuleConfiguration& x) {
  v("RuleConfigurationName", x.RuleConfigurationName, required, length(1, 256), pattern(R"~(.*)~"));
  v("LocalPath", x.LocalPath, length(0, 4096), pattern(R"~(.*)~"));
  v("S3OutputPath", x.S3OutputPath, length(0, 1024), pattern(R"~((https|s3)://([^/]+)/?(.*))~"));
  v("RuleEvaluatorImage", x.RuleEvaluatorImage, required, length(0, 255), pattern(R"~(.*)~"));
  v("InstanceType", x.InstanceType, one_of(enums::processing_instance_type));
  v("VolumeSizeInGB", x.VolumeSizeInGB, range(0, {}));
  v("RuleParameters", x.RuleParameters, length(0, 100), key(length(1, 256), pattern(R"~(.*)~")),
    value(length(0, 256), pattern(R"~(.*)~")));
}

struct TensorBoardOutputConfig {
  std::optional<std::string> LocalPath;
  std::string S3OutputPath;
};
template <class V> void fields(V& v, TensorBoardOutputConfig& x) {
  v("LocalPath", x.LocalPath, length(0, 4096), pattern(R"~(.*)~"));
  v("S3OutputPath", x.S3OutputPath, required, length(0, 1024),
    pattern(R"~((https|s3)://([^/]+)/?(.*))~"));
}

struct ProfilerConfig {
  std::optional<std::string> S3OutputPath;
  std::optional<std::int64_t> ProfilingIntervalInMilliseconds;
  std::optional<std::map<std::string, std::string>> ProfilingParameters;
  std::optional<bool> DisableProfiler;
};
template <class V> void fields(V& v, ProfilerConfig& x) {
  v("S3OutputPath", x.S3OutputPath, length(0, 1024), pattern(R"~((https|s3)://([^/]+)/?(.*))~"));
  v("ProfilingIntervalInMilliseconds", x.ProfilingIntervalInMilliseconds);
  v("ProfilingParameters", x.ProfilingParameters, length(0, 20),
    key(length(1, 256), pattern(R"~(.*)~")), value(length(0, 256), pattern(R"~(.*)~")));
  v("DisableProfiler", x.DisableProfiler);
}

struct ProfilerRuleConfiguration {
  std::string RuleConfigurationName;
  std::optional<std::string> LocalPath;
  std::optional<std::string> S3OutputPath;
  std::string RuleEvaluatorImage;
  std::optional<std::string> InstanceType;
  std::optional<std::int64_t> VolumeSizeInGB;
  std::optional<std::map<std::string, std::string>> RuleParameters;
};
template <class V> void fields(V& v, ProfilerRuleConfiguration& x) {
  v("RuleConfigurationName", x.RuleConfigurationName, required, length(1, 256), pattern(R"~(.*)~"));
  v("LocalPath", x.LocalPath, length(0, 4096), pattern(R"~(.*)~"));
  v("S3OutputPath", x.S3OutputPath, length(0, 1024), pattern(R"~((https|s3)://([^/]+)/?(.*))~"));
  v("RuleEvaluatorImage", x.RuleEvaluatorImage, required, length(0, 255), pattern(R"~(.*)~"));
  v("InstanceType", x.InstanceType, one_of(enums::processing_instance_type));
  v("VolumeSizeInGB", x.VolumeSizeInGB, range(0, {}));
  v("RuleParameters", x.RuleParameters, length(0, 100), key(length(1, 256), pattern(R"~(.*)~")),
    value(length(0, 256), pattern(R"~(.*)~")));
}

struct DebugRuleEvaluationStatus {
  std::optional<std::string> RuleConfigurationName;
  std::optional<std::string> RuleEvaluationJobArn;
  std::optional<std::string> RuleEvaluationStatus;
  std::optional<std::string> StatusDetails;
  std::optional<Time> LastModifiedTime;
};
template <class V> void fields(V& v, DebugRuleEvaluationStatus& x) {
  v("RuleConfigurationName", x.RuleConfigurationName, length(1, 256), pattern(R"~(.*)~"));
  v("RuleEvaluationJobArn", x.RuleEvaluationJobArn, length(0, 256),
    pattern(
        R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:processing-job/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
  v("RuleEvaluationStatus", x.RuleEvaluationStatus, one_of(enums::rule_evaluation_status));
  v("StatusDetails", x.StatusDetails, length(0, 1024), pattern(R"~(.*)~"));
  v("LastModifiedTime", x.LastModifiedTime);
}

struct ProfilerRuleEvaluationStatus {
  std::optional<std::string> RuleConfigurationName;
  std::optional<std::string> RuleEvaluationJobArn;
  std::optional<std::string> RuleEvaluationStatus;
  std::optional<std::string> StatusDetails;
  std::optional<Time> LastModifiedTime;
};
template <class V> void fields(V& v, ProfilerRuleEvaluationStatus& x) {
  v("RuleConfigurationName", x.RuleConfigurationName, length(1, 256), pattern(R"~(.*)~"));
  v("RuleEvaluationJobArn", x.RuleEvaluationJobArn, length(0, 256),
    pattern(
        R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:processing-job/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62})~"));
  v("RuleEvaluationStatus", x.RuleEvaluationStatus, one_of(enums::rule_evaluation_status));
  v("StatusDetails", x.StatusDetails, length(0, 1024), pattern(R"~(.*)~"));
  v("LastModifiedTime", x.LastModifiedTime);
}

}  // namespace trainyard::wire
