#include "service/api/logs/logs.hpp"
#include "service/api/logs/stream_events.hpp"
#include "wire/json.hpp"
#include "wire/shapes/logs.hpp"

// POST /  X-Amz-Target: Logs_20140328.DescribeLogGroups  {"logGroupNamePrefix": "/aws/"}
// 200 {"logGroups": [{"logGroupName": "/aws/sagemaker/TrainingJobs", ...}]}

namespace trainyard::api {

Result<std::string> describe_log_groups(Services&, store::Snapshot&, const Call& call) {
  const auto request = TRY(wire::decode<wire::DescribeLogGroupsRequest>(call.body));
  wire::DescribeLogGroupsResponse out;
  auto& groups = out.logGroups.emplace();
  if (std::string_view(training_log_group).starts_with(request.logGroupNamePrefix.value_or(""))) {
    auto& group = groups.emplace_back();
    group.logGroupName = training_log_group;
    group.arn = "arn:aws:logs:" + call.region + ":" + call.caller.account +
                ":log-group:" + training_log_group + ":*";
  }
  return wire::encode(out);
}

}  // namespace trainyard::api
