#pragma once
/// The enumerations of the SageMaker and Logs APIs that requests are checked against.

#include <string_view>
#include <vector>

namespace trainyard::wire {

/// Instance types are checked by their form: types newer than this program are sized by their name.
inline constexpr const char* instance_type_pattern = R"(ml\.[a-z0-9-]+\.[a-z0-9]+)";

namespace enums {

using Values = std::vector<std::string_view>;
inline const Values compression_type{"None", "Gzip"};
inline const Values customization_technique{"SFT", "DPO", "RLVR", "RLAIF"};
inline const Values data_protection_status{"ACTIVATED", "DELETED", "ARCHIVED", "DISABLED"};
inline const Values evaluation_type{"LLMAJEvaluation", "CustomScorerEvaluation",
                                    "BenchmarkEvaluation"};
inline const Values file_system_access_mode{"rw", "ro"};
inline const Values file_system_type{"EFS", "FSxLustre"};
inline const Values inherited_property{"ACCOUNT_DATA_PROTECTION"};
inline const Values log_group_class{"STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"};
inline const Values order_by{"LogStreamName", "LastEventTime"};
inline const Values output_compression_type{"GZIP", "NONE"};
inline const Values peft{"LORA"};
inline const Values processing_instance_type{
    "ml.t3.medium",         "ml.t3.large",          "ml.t3.xlarge",         "ml.t3.2xlarge",
    "ml.m4.xlarge",         "ml.m4.2xlarge",        "ml.m4.4xlarge",        "ml.m4.10xlarge",
    "ml.m4.16xlarge",       "ml.c4.xlarge",         "ml.c4.2xlarge",        "ml.c4.4xlarge",
    "ml.c4.8xlarge",        "ml.p2.xlarge",         "ml.p2.8xlarge",        "ml.p2.16xlarge",
    "ml.p3.2xlarge",        "ml.p3.8xlarge",        "ml.p3.16xlarge",       "ml.c5.xlarge",
    "ml.c5.2xlarge",        "ml.c5.4xlarge",        "ml.c5.9xlarge",        "ml.c5.18xlarge",
    "ml.m5.large",          "ml.m5.xlarge",         "ml.m5.2xlarge",        "ml.m5.4xlarge",
    "ml.m5.12xlarge",       "ml.m5.24xlarge",       "ml.r5.large",          "ml.r5.xlarge",
    "ml.r5.2xlarge",        "ml.r5.4xlarge",        "ml.r5.8xlarge",        "ml.r5.12xlarge",
    "ml.r5.16xlarge",       "ml.r5.24xlarge",       "ml.g4dn.xlarge",       "ml.g4dn.2xlarge",
    "ml.g4dn.4xlarge",      "ml.g4dn.8xlarge",      "ml.g4dn.12xlarge",     "ml.g4dn.16xlarge",
    "ml.g5.xlarge",         "ml.g5.2xlarge",        "ml.g5.4xlarge",        "ml.g5.8xlarge",
    "ml.g5.16xlarge",       "ml.g5.12xlarge",       "ml.g5.24xlarge",       "ml.g5.48xlarge",
    "ml.r5d.large",         "ml.r5d.xlarge",        "ml.r5d.2xlarge",       "ml.r5d.4xlarge",
    "ml.r5d.8xlarge",       "ml.r5d.12xlarge",      "ml.r5d.16xlarge",      "ml.r5d.24xlarge",
    "ml.g6.xlarge",         "ml.g6.2xlarge",        "ml.g6.4xlarge",        "ml.g6.8xlarge",
    "ml.g6.12xlarge",       "ml.g6.16xlarge",       "ml.g6.24xlarge",       "ml.g6.48xlarge",
    "ml.g6e.xlarge",        "ml.g6e.2xlarge",       "ml.g6e.4xlarge",       "ml.g6e.8xlarge",
    "ml.g6e.12xlarge",      "ml.g6e.16xlarge",      "ml.g6e.24xlarge",      "ml.g6e.48xlarge",
    "ml.m6i.large",         "ml.m6i.xlarge",        "ml.m6i.2xlarge",       "ml.m6i.4xlarge",
    "ml.m6i.8xlarge",       "ml.m6i.12xlarge",      "ml.m6i.16xlarge",      "ml.m6i.24xlarge",
    "ml.m6i.32xlarge",      "ml.c6i.xlarge",        "ml.c6i.2xlarge",       "ml.c6i.4xlarge",
    "ml.c6i.8xlarge",       "ml.c6i.12xlarge",      "ml.c6i.16xlarge",      "ml.c6i.24xlarge",
    "ml.c6i.32xlarge",      "ml.m7i.large",         "ml.m7i.xlarge",        "ml.m7i.2xlarge",
    "ml.m7i.4xlarge",       "ml.m7i.8xlarge",       "ml.m7i.12xlarge",      "ml.m7i.16xlarge",
    "ml.m7i.24xlarge",      "ml.m7i.48xlarge",      "ml.c7i.large",         "ml.c7i.xlarge",
    "ml.c7i.2xlarge",       "ml.c7i.4xlarge",       "ml.c7i.8xlarge",       "ml.c7i.12xlarge",
    "ml.c7i.16xlarge",      "ml.c7i.24xlarge",      "ml.c7i.48xlarge",      "ml.r7i.large",
    "ml.r7i.xlarge",        "ml.r7i.2xlarge",       "ml.r7i.4xlarge",       "ml.r7i.8xlarge",
    "ml.r7i.12xlarge",      "ml.r7i.16xlarge",      "ml.r7i.24xlarge",      "ml.r7i.48xlarge",
    "ml.p5.4xlarge",        "ml.g7e.2xlarge",       "ml.g7e.4xlarge",       "ml.g7e.8xlarge",
    "ml.g7e.12xlarge",      "ml.g7e.24xlarge",      "ml.g7e.48xlarge",      "ml.g7.2xlarge",
    "ml.g7.4xlarge",        "ml.g7.8xlarge",        "ml.g7.12xlarge",       "ml.g7.24xlarge",
    "ml.g7.48xlarge",       "ml.r6i.large",         "ml.r6i.xlarge",        "ml.r6i.2xlarge",
    "ml.r6i.4xlarge",       "ml.r6i.8xlarge",       "ml.r6i.12xlarge",      "ml.r6i.16xlarge",
    "ml.r6i.24xlarge",      "ml.r6i.32xlarge",      "ml.m8i.large",         "ml.m8i.xlarge",
    "ml.m8i.2xlarge",       "ml.m8i.4xlarge",       "ml.m8i.8xlarge",       "ml.m8i.12xlarge",
    "ml.m8i.16xlarge",      "ml.m8i.24xlarge",      "ml.m8i.32xlarge",      "ml.m8i.48xlarge",
    "ml.m8i.96xlarge",      "ml.c8i.xlarge",        "ml.c8i.2xlarge",       "ml.c8i.4xlarge",
    "ml.c8i.8xlarge",       "ml.c8i.12xlarge",      "ml.c8i.16xlarge",      "ml.c8i.24xlarge",
    "ml.c8i.32xlarge",      "ml.c8i.48xlarge",      "ml.c8i.96xlarge",      "ml.r8i.large",
    "ml.r8i.xlarge",        "ml.r8i.2xlarge",       "ml.r8i.4xlarge",       "ml.r8i.8xlarge",
    "ml.r8i.12xlarge",      "ml.r8i.16xlarge",      "ml.r8i.24xlarge",      "ml.r8i.32xlarge",
    "ml.r8i.48xlarge",      "ml.r8i.96xlarge",      "ml.m7i-flex.large",    "ml.m7i-flex.xlarge",
    "ml.m7i-flex.2xlarge",  "ml.m7i-flex.4xlarge",  "ml.m7i-flex.8xlarge",  "ml.m7i-flex.12xlarge",
    "ml.m7i-flex.16xlarge", "ml.c7i-flex.xlarge",   "ml.c7i-flex.2xlarge",  "ml.c7i-flex.4xlarge",
    "ml.c7i-flex.8xlarge",  "ml.c7i-flex.12xlarge", "ml.c7i-flex.16xlarge", "ml.m8i-flex.large",
    "ml.m8i-flex.xlarge",   "ml.m8i-flex.2xlarge",  "ml.m8i-flex.4xlarge",  "ml.m8i-flex.8xlarge",
    "ml.m8i-flex.12xlarge", "ml.m8i-flex.16xlarge", "ml.c8i-flex.xlarge",   "ml.c8i-flex.2xlarge",
    "ml.c8i-flex.4xlarge",  "ml.c8i-flex.8xlarge",  "ml.c8i-flex.12xlarge", "ml.c8i-flex.16xlarge",
    "ml.r8i-flex.large",    "ml.r8i-flex.xlarge",   "ml.r8i-flex.2xlarge",  "ml.r8i-flex.4xlarge",
    "ml.r8i-flex.8xlarge",  "ml.r8i-flex.12xlarge", "ml.r8i-flex.16xlarge"};
inline const Values profiling_status{"Enabled", "Disabled"};
inline const Values record_wrapper{"None", "RecordIO"};
inline const Values rule_evaluation_status{"InProgress", "NoIssuesFound", "IssuesFound",
                                           "Error",      "Stopping",      "Stopped"};
inline const Values s3_data_distribution{"FullyReplicated", "ShardedByS3Key"};
inline const Values s3_data_type{"ManifestFile", "S3Prefix", "AugmentedManifestFile", "Converse"};
inline const Values secondary_status{"Starting",
                                     "LaunchingMLInstances",
                                     "PreparingTrainingStack",
                                     "Downloading",
                                     "DownloadingTrainingImage",
                                     "Training",
                                     "Uploading",
                                     "Stopping",
                                     "Stopped",
                                     "MaxRuntimeExceeded",
                                     "Completed",
                                     "Failed",
                                     "Interrupted",
                                     "MaxWaitTimeExceeded",
                                     "Updating",
                                     "Restarting",
                                     "Pending"};
inline const Values serverless_job_type{"FineTuning", "Evaluation"};
inline const Values sort_by{"Name", "CreationTime", "Status"};
inline const Values sort_order{"Ascending", "Descending"};
inline const Values training_input_mode{"Pipe", "File", "FastFile"};
inline const Values training_job_status{"InProgress", "Completed", "Failed",
                                        "Stopping",   "Stopped",   "Deleting"};
inline const Values training_repository_access_mode{"Platform", "Vpc"};
inline const Values warm_pool_resource_status{"Available", "Terminated", "Reused", "InUse"};

}  // namespace enums
}  // namespace trainyard::wire
