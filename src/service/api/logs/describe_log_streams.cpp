#include "service/api/logs/logs.hpp"
#include "service/api/logs/stream_events.hpp"
#include "wire/json.hpp"
#include "wire/shapes/logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

// POST /  X-Amz-Target: Logs_20140328.DescribeLogStreams
//         {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "JOB/", "limit":
//         1}
// 200 {"logStreams": [{"logStreamName": "JOB/algo-1-1795461954", ...}], "nextToken"}

namespace trainyard::api {
namespace {

constexpr std::int64_t streams_max = 50;

struct Rows {
  std::vector<store::LogStreamRow> rows;
  std::optional<std::string> next;  ///< the token of the first that is not among them
};

// A token is the name to go on from.
Result<Rows> by_name(store::Snapshot& s, store::LogStreamQuery query,
                     const std::optional<std::string>& token) {
  query.from = token.value_or("");
  const auto limit = std::size_t(query.limit++);
  Rows out{TRY(store::log_streams(s, query)), {}};
  if (out.rows.size() <= limit) return out;
  out.next = out.rows.back().name;
  out.rows.pop_back();
  return out;
}

// Time and name: what streams are ordered by, and where to go on. -1 for one without events.
struct Last {
  std::int64_t ms = -1;
  std::string name;
  friend auto operator<=>(const Last&, const Last&) = default;
};

std::string token_of(const Last& last) {
  return fmt::format("{}@{}", last.ms, last.name);
}

Result<Last> read_token(std::string_view text) {
  Last out;
  const auto at = text.find('@');
  const auto digits = text.substr(0, at);
  const auto [end, ec] = std::from_chars(digits.begin(), digits.end(), out.ms);
  if (at == std::string_view::npos || ec != std::errc() || end != digits.end())
    return fail(ErrorKind::invalid, "InvalidParameterException",
                "The specified nextToken is invalid: use one that DescribeLogStreams gave for this "
                "order.");
  out.name = text.substr(at + 1);
  return out;
}

// The times are in the logs and not in rows: all streams are looked at, in their last record only.
Result<Rows> by_last_event(const Services& services, store::Snapshot& s,
                           store::LogStreamQuery query, const std::optional<std::string>& token) {
  const auto limit = std::size_t(std::exchange(query.limit, -1));
  const bool descending = std::exchange(query.descending, false);
  std::vector<std::pair<Last, store::LogStreamRow>> all;
  for (auto& row : TRY(store::log_streams(s, query))) {
    auto reader = TRY(open_stream(services, s, row));
    Last last{TRY(reader.last_ms()).value_or(-1), row.name};
    all.emplace_back(std::move(last), std::move(row));
  }
  const auto is_before = [descending](const Last& a, const Last& b) {
    return descending ? b < a : a < b;
  };
  std::sort(all.begin(), all.end(),
            [&](const auto& a, const auto& b) { return is_before(a.first, b.first); });
  auto it = all.begin();
  if (token) {
    const Last from = TRY(read_token(*token));
    it = std::partition_point(all.begin(), all.end(),
                              [&](const auto& entry) { return is_before(entry.first, from); });
  }
  Rows out;
  for (; it != all.end() && out.rows.size() < limit; ++it)
    out.rows.push_back(std::move(it->second));
  if (it != all.end()) out.next = token_of(it->first);
  return out;
}

}  // namespace

Result<std::string> describe_log_streams(Services& services, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::DescribeLogStreamsRequest>(call.body));
  TRY(check_group(call, request.logGroupName, request.logGroupIdentifier));
  const store::LogStreamQuery query{call.region, request.logStreamNamePrefix.value_or(""), "",
                                    request.descending.value_or(false),
                                    request.limit.value_or(streams_max)};
  const bool is_by_name = request.orderBy.value_or("LogStreamName") == "LogStreamName";
  const Rows found = is_by_name ? TRY(by_name(s, query, request.nextToken))
                                : TRY(by_last_event(services, s, query, request.nextToken));
  wire::DescribeLogStreamsResponse out;
  out.nextToken = found.next;
  auto& streams = out.logStreams.emplace();
  for (const auto& row : found.rows) {
    auto reader = TRY(open_stream(services, s, row));
    auto& stream = streams.emplace_back();
    stream.logStreamName = row.name;
    stream.creationTime = to_ms(row.created);
    stream.firstEventTimestamp = TRY(reader.first_ms());
    stream.lastEventTimestamp = stream.lastIngestionTime = TRY(reader.last_ms());
    stream.arn = group_arn(call) + ":log-stream:" + row.name;
  }
  return wire::encode(out);
}

}  // namespace trainyard::api
