#include "service/api/logs/logs.hpp"
#include "service/api/logs/stream_events.hpp"
#include "wire/json.hpp"
#include "wire/shapes/logs.hpp"

#include <algorithm>

// POST /  X-Amz-Target: Logs_20140328.DescribeLogGroups  {"logGroupNamePrefix": "/aws/"}
// 200 {"logGroups": [{"logGroupName": "/aws/sagemaker/TrainingJobs", ...}]}

namespace trainyard::api {
namespace {

// Whether the request's filters let the one group through.
Result<bool> is_wanted(const wire::DescribeLogGroupsRequest& request, const Call& call) {
  const std::string_view name = training_log_group;
  if (request.logGroupNamePrefix && request.logGroupNamePattern)
    return fail(
        ErrorKind::invalid, "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  const auto& identifiers = request.logGroupIdentifiers;
  return name.starts_with(request.logGroupNamePrefix.value_or("")) &&
         name.find(request.logGroupNamePattern.value_or("")) != std::string_view::npos &&
         request.logGroupClass.value_or("STANDARD") == "STANDARD" &&
         (!identifiers || std::any_of(identifiers->begin(), identifiers->end(),
                                      [&](const auto& i) { return is_training_group(call, i); }));
}

}  // namespace

Result<std::string> describe_log_groups(Services&, store::Snapshot&, const Call& call) {
  const auto request = TRY(wire::decode<wire::DescribeLogGroupsRequest>(call.body));
  wire::DescribeLogGroupsResponse out;
  auto& groups = out.logGroups.emplace();
  if (TRY(is_wanted(request, call))) {
    auto& group = groups.emplace_back();
    group.logGroupName = training_log_group;
    group.arn = group_arn(call) + ":*";
  }
  return wire::encode(out);
}

}  // namespace trainyard::api
