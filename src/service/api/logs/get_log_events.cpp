#include "service/api/logs/logs.hpp"
#include "service/api/logs/stream_events.hpp"
#include "wire/json.hpp"
#include "wire/shapes/logs.hpp"

#include <charconv>

// POST /  X-Amz-Target: Logs_20140328.GetLogEvents
//         {"logGroupName", "logStreamName", "startTime": ms, "startFromHead": true, "nextToken":
//         "f/OFFSET"}
// 200 {"events": [{"timestamp", "message", "ingestionTime"}], "nextForwardToken",
// "nextBackwardToken"}

namespace trainyard::api {
namespace {

constexpr std::int64_t events_max = 10'000;

// "f/OFFSET" goes on forward from a byte of the log, "b/OFFSET" back from it.
struct Token {
  bool forward = true;
  std::uint64_t offset = 0;
};

Result<Token> read_token(std::string_view text) {
  Token token{text.starts_with("f/"), 0};
  const auto digits = text.substr(std::min<std::size_t>(2, text.size()));
  const auto [end, ec] =
      std::from_chars(digits.data(), digits.data() + digits.size(), token.offset);
  if ((token.forward || text.starts_with("b/")) && ec == std::errc() &&
      end == digits.data() + digits.size())
    return token;
  return fail(
      ErrorKind::invalid, "InvalidParameterException",
      "The specified nextToken is invalid: use one that GetLogEvents gave for this stream.");
}

}  // namespace

Result<std::string> get_log_events(Services& services, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::GetLogEventsRequest>(call.body));
  TRY(check_group(call, request.logGroupName, request.logGroupIdentifier));
  const auto row = TRY(find_stream(s, call, request.logStreamName));
  auto reader = TRY(open_stream(services, s, row));
  const logs::Range range{request.startTime.value_or(0), request.endTime.value_or(INT64_MAX)};
  const auto limit = std::size_t(request.limit.value_or(events_max));
  Token token{request.startFromHead.value_or(false), 0};
  if (!token.forward) token.offset = reader.size();
  if (request.nextToken) token = TRY(read_token(*request.nextToken));
  const logs::Page page = token.forward ? TRY(reader.forward(token.offset, range, limit))
                                        : TRY(reader.backward(token.offset, range, limit));
  wire::GetLogEventsResponse out;
  auto& events = out.events.emplace();
  for (const auto& event : page.events) {
    auto& e = events.emplace_back();
    e.timestamp = e.ingestionTime = to_ms(event.time);
    e.message = event.text;
  }
  // At the end the same token comes back: that is how clients know it.
  out.nextForwardToken = "f/" + std::to_string(page.end);
  out.nextBackwardToken = "b/" + std::to_string(page.begin);
  return wire::encode(out);
}

}  // namespace trainyard::api
