#pragma once
/// Where and how long a job runs, and where its outputs go. SageMaker API of 2017-07-24.

#include "wire/fields.hpp"
#include "wire/shapes/enums.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

struct InstanceGroup {
  std::string InstanceType;
  std::int64_t InstanceCount = 0;
  std::string InstanceGroupName;
};
template <class V> void fields(V& v, InstanceGroup& x) {
  v("InstanceType", x.InstanceType, required, pattern(instance_type_pattern));
  v("InstanceCount", x.InstanceCount, required, range(0, {}));
  v("InstanceGroupName", x.InstanceGroupName, required, length(1, 64), pattern(R"~(.+)~"));
}

struct PlacementSpecification {
  std::optional<std::string> UltraServerId;
  std::int64_t InstanceCount = 0;
};
template <class V> void fields(V& v, PlacementSpecification& x) {
  v("UltraServerId", x.UltraServerId, length(0, 256));
  v("InstanceCount", x.InstanceCount, required, range(0, {}));
}

struct InstancePlacementConfig {
  std::optional<bool> EnableMultipleJobs;
  std::optional<std::vector<wire::PlacementSpecification>> PlacementSpecifications;
};
template <class V> void fields(V& v, InstancePlacementConfig& x) {
  v("EnableMultipleJobs", x.EnableMultipleJobs);
  v("PlacementSpecifications", x.PlacementSpecifications, length(0, 10));
}

struct InstancePreference {
  std::string InstanceType;
  std::optional<std::int64_t> InstanceCount;
  std::optional<std::vector<std::string>> TrainingPlanArns;
};
template <class V> void fields(V& v, InstancePreference& x) {
  v("InstanceType", x.InstanceType, required, pattern(instance_type_pattern));
  v("InstanceCount", x.InstanceCount, range(0, {}));
  v("TrainingPlanArns", x.TrainingPlanArns, length(1, 1),
    each(length(50, 2048),
         pattern(R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-plan/.*)~")));
}

struct ResourceConfig {
  std::optional<std::string> InstanceType;
  std::optional<std::int64_t> InstanceCount;
  std::optional<std::int64_t> VolumeSizeInGB;
  std::optional<std::string> VolumeKmsKeyId;
  std::optional<std::int64_t> KeepAlivePeriodInSeconds;
  std::optional<std::vector<wire::InstanceGroup>> InstanceGroups;
  std::optional<std::string> TrainingPlanArn;
  std::optional<wire::InstancePlacementConfig> InstancePlacementConfig;
  std::optional<std::vector<wire::InstancePreference>> InstancePreferences;
  std::optional<std::string> SelectedInstanceType;
  std::optional<std::int64_t> SelectedInstanceCount;
};
template <class V> void fields(V& v, ResourceConfig& x) {
  v("InstanceType", x.InstanceType, pattern(instance_type_pattern));
  v("InstanceCount", x.InstanceCount, range(0, {}));
  v("VolumeSizeInGB", x.VolumeSizeInGB, range(0, {}));
  v("VolumeKmsKeyId", x.VolumeKmsKeyId, length(0, 2048), pattern(R"~([a-zA-Z0-9:/_-]*)~"));
  v("KeepAlivePeriodInSeconds", x.KeepAlivePeriodInSeconds, range(0, 21600));
  v("InstanceGroups", x.InstanceGroups, length(0, 5));
  v("TrainingPlanArn", x.TrainingPlanArn, length(50, 2048),
    pattern(R"~(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-plan/.*)~"));
  v("InstancePlacementConfig", x.InstancePlacementConfig);
  v("InstancePreferences", x.InstancePreferences, length(1, 5));
  v("SelectedInstanceType", x.SelectedInstanceType, pattern(instance_type_pattern));
  v("SelectedInstanceCount", x.SelectedInstanceCount, range(0, {}));
}

struct VpcConfig {
  std::vector<std::string> SecurityGroupIds;
  std::vector<std::string> Subnets;
};
template <class V> void fields(V& v, VpcConfig& x) {
  v("SecurityGroupIds", x.SecurityGroupIds, required, length(1, 5),
    each(length(0, 32), pattern(R"~([-0-9a-zA-Z]+)~")));
  v("Subnets", x.Subnets, required, length(1, 16),
    each(length(0, 32), pattern(R"~([-0-9a-zA-Z]+)~")));
}

struct StoppingCondition {
  std::optional<std::int64_t> MaxRuntimeInSeconds;
  std::optional<std::int64_t> MaxWaitTimeInSeconds;
  std::optional<std::int64_t> MaxPendingTimeInSeconds;
};
template <class V> void fields(V& v, StoppingCondition& x) {
  v("MaxRuntimeInSeconds", x.MaxRuntimeInSeconds, range(1, {}));
  v("MaxWaitTimeInSeconds", x.MaxWaitTimeInSeconds, range(1, {}));
  v("MaxPendingTimeInSeconds", x.MaxPendingTimeInSeconds, range(1800, 2419200));
}

struct OutputDataConfig {
  std::optional<std::string> KmsKeyId;
  std::string S3OutputPath;
  std::optional<std::string> CompressionType;
};
template <class V> void fields(V& v, OutputDataConfig& x) {
  v("KmsKeyId", x.KmsKeyId, length(0, 2048), pattern(R"~([a-zA-Z0-9:/_-]*)~"));
  v("S3OutputPath", x.S3OutputPath, required, length(0, 1024),
    pattern(R"~((https|s3)://([^/]+)/?(.*))~"));
  v("CompressionType", x.CompressionType, one_of(enums::output_compression_type));
}

struct CheckpointConfig {
  std::string S3Uri;
  std::optional<std::string> LocalPath;
};
template <class V> void fields(V& v, CheckpointConfig& x) {
  v("S3Uri", x.S3Uri, required, length(0, 1024), pattern(R"~((https|s3)://([^/]+)/?(.*))~"));
  v("LocalPath", x.LocalPath, length(0, 4096), pattern(R"~(.*)~"));
}

struct RetryStrategy {
  std::int64_t MaximumRetryAttempts = 0;
};
template <class V> void fields(V& v, RetryStrategy& x) {
  v("MaximumRetryAttempts", x.MaximumRetryAttempts, required, range(1, 30));
}

}  // namespace trainyard::wire
