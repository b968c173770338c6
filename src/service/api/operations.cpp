#include "service/api/iam/get_role.hpp"
#include "service/api/logs/logs.hpp"
#include "service/api/operation/operation.hpp"
#include "service/api/sagemaker/sagemaker.hpp"
#include "service/api/sts/get_caller_identity.hpp"
#include "service/api/trainyard/events.hpp"
#include "service/api/trainyard/trainyard.hpp"

#include <algorithm>

namespace trainyard::api {
namespace {

// Every operation that is offered, one line each.
constexpr Operation operations[] = {
    {"SageMaker.CreateTrainingJob", create_training_job},
    {"SageMaker.DescribeTrainingJob", nullptr, describe_training_job},
    {"SageMaker.ListTrainingJobs", nullptr, list_training_jobs},
    {"SageMaker.StopTrainingJob", stop_training_job},
    {"SageMaker.AddTags", add_tags},
    {"SageMaker.ListTags", nullptr, list_tags},
    {"Logs_20140328.DescribeLogGroups", nullptr, describe_log_groups},
    {"Logs_20140328.DescribeLogStreams", nullptr, describe_log_streams},
    {"Logs_20140328.GetLogEvents", nullptr, get_log_events},
    {"Logs_20140328.FilterLogEvents", nullptr, filter_log_events},
    {"Trainyard.Why", nullptr, why},
    {"Trainyard.ListWaiting", nullptr, list_waiting},
    {"Trainyard.SetPriority", set_priority},
    {"Trainyard.Interrupt", interrupt},
    {"Trainyard.ListEvents", nullptr, list_events},
    {"Trainyard.LocateFiles", nullptr, locate_files},
    {"Trainyard.DescribeDisk", describe_disk},
    {"Trainyard.Prune", prune},
    {"Trainyard.AddEnvironment", add_environment},
    {"Trainyard.RemoveEnvironment", remove_environment},
    {"Trainyard.ListEnvironments", nullptr, list_environments},
    {"Trainyard.ExplainImage", nullptr, explain_image},
    {"Trainyard.AddUser", add_user},
    {"Trainyard.RevokeUser", revoke_user},
    {"Trainyard.ListUsers", nullptr, list_users},
    {"sts:GetCallerIdentity", nullptr, get_caller_identity},
    {"iam:GetRole", nullptr, get_role},
};

}  // namespace

const Operation* find_operation(std::string_view name) {
  const auto* it = std::find_if(std::begin(operations), std::end(operations),
                                [&](const Operation& o) { return o.name == name; });
  return it == std::end(operations) ? nullptr : it;
}

}  // namespace trainyard::api
