#include "service/api/logs/logs.hpp"
#include "service/api/logs/stream_events.hpp"
#include "wire/json.hpp"
#include "wire/shapes/logs.hpp"

#include <algorithm>
#include <tuple>

// POST /  X-Amz-Target: Logs_20140328.DescribeLogStreams
//         {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "JOB/", "limit":
//         1}
// 200 {"logStreams": [{"logStreamName": "JOB/algo-1-1795461954", ...}]}

namespace trainyard::api {
namespace {

// All that match come in one answer, whatever `limit` says: the SDK repeats its request without the
// token for as long as it is given one.
constexpr std::int64_t streams_max = 1000;

}  // namespace

Result<std::string> describe_log_streams(Services& services, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::DescribeLogStreamsRequest>(call.body));
  TRY(check_group(request.logGroupName.value_or("")));
  wire::DescribeLogStreamsResponse out;
  auto& streams = out.logStreams.emplace();
  for (const auto& row : TRY(store::log_streams(
           s, call.region, request.logStreamNamePrefix.value_or(""), streams_max))) {
    const auto reader = TRY(open_stream(services, s, row));
    auto& stream = streams.emplace_back();
    stream.logStreamName = row.name;
    stream.creationTime = to_ms(row.created);
    stream.firstEventTimestamp = reader.first_ms();
    stream.lastEventTimestamp = reader.last_ms();
    stream.lastIngestionTime = reader.last_ms();
    stream.arn = "arn:aws:logs:" + call.region + ":" + call.caller.account +
                 ":log-group:" + training_log_group + ":log-stream:" + row.name;
  }
  if (request.orderBy.value_or("LogStreamName") == "LastEventTime")
    std::sort(streams.begin(), streams.end(), [](const auto& a, const auto& b) {
      return std::tie(a.lastEventTimestamp, a.logStreamName) <
             std::tie(b.lastEventTimestamp, b.logStreamName);
    });
  if (request.descending.value_or(false)) std::reverse(streams.begin(), streams.end());
  return wire::encode(out);
}

}  // namespace trainyard::api
