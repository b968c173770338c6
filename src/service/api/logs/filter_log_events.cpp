#include "service/api/logs/logs.hpp"
#include "service/api/logs/stream_events.hpp"
#include "wire/json.hpp"
#include "wire/shapes/logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

// POST /  X-Amz-Target: Logs_20140328.FilterLogEvents
//         {"logGroupName", "logStreamNamePrefix": "JOB/", "filterPattern": "loss", "startTime": ms}
// 200 {"events": [{"eventId", "logStreamName", "timestamp", "message", "ingestionTime"}],
// "nextToken"}

namespace trainyard::api {
namespace {

constexpr std::size_t events_max = 10'000;
constexpr std::size_t scanned_max =
    200'000;  // events read for one answer; the token goes on from there

// Words that all must occur, a quoted phrase counting as one. The rest of the filter language is
// refused.
Result<std::vector<std::string>> parse_pattern(std::string_view text) {
  std::vector<std::string> terms;
  if (text.find_first_of("{[?-%") == 0)
    return fail(ErrorKind::invalid, "InvalidParameterException",
                "Invalid filter pattern: only plain words and \"quoted phrases\" are offered yet.");
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return terms;
    const bool quoted = text.front() == '"';
    if (quoted) text.remove_prefix(1);
    const auto end = text.find(quoted ? '"' : ' ');
    terms.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

bool has_all(const std::string& text, const std::vector<std::string>& terms) {
  return std::all_of(terms.begin(), terms.end(),
                     [&](const auto& term) { return text.find(term) != std::string::npos; });
}

// "STREAM@OFFSET": where the answer before this one ended.
struct Place {
  std::string stream;
  std::uint64_t offset = 0;
};

Result<Place> read_token(std::string_view text) {
  const auto at = text.rfind('@');
  Place place{std::string(text.substr(0, at)), 0};
  const auto digits = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  const auto [end, ec] =
      std::from_chars(digits.data(), digits.data() + digits.size(), place.offset);
  if (ec == std::errc() && end == digits.data() + digits.size()) return place;
  return fail(ErrorKind::invalid, "InvalidParameterException",
              "The specified nextToken is invalid: use one that FilterLogEvents gave.");
}

Result<std::vector<store::LogStreamRow>> wanted_streams(store::Snapshot& s, const Call& call,
                                                        const wire::FilterLogEventsRequest& r) {
  if (!r.logStreamNames)
    return store::log_streams(s, call.region, r.logStreamNamePrefix.value_or(""), 100'000);
  std::vector<store::LogStreamRow> rows;
  for (const auto& name : *r.logStreamNames)
    rows.push_back(TRY(find_stream(s, call, name)));
  std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.name < b.name; });
  return rows;
}

}  // namespace

Result<std::string> filter_log_events(Services& services, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::FilterLogEventsRequest>(call.body));
  TRY(check_group(request.logGroupName.value_or("")));
  const auto terms = TRY(parse_pattern(request.filterPattern.value_or("")));
  const logs::Range range{request.startTime.value_or(0), request.endTime.value_or(INT64_MAX)};
  const auto limit = std::size_t(request.limit.value_or(std::int64_t(events_max)));
  Place place;
  if (request.nextToken) place = TRY(read_token(*request.nextToken));
  wire::FilterLogEventsResponse out;
  auto& events = out.events.emplace();
  std::size_t scanned = 0;
  for (const auto& row : TRY(wanted_streams(s, call, request))) {
    if (row.name < place.stream) continue;
    const auto reader = TRY(open_stream(services, s, row));
    std::uint64_t offset = row.name == place.stream ? place.offset : 0;
    for (;;) {
      const auto page = TRY(reader.forward(offset, range, events_max));
      for (const auto& event : page.events) {
        offset = event.offset + event.text.size() + 1;
        ++scanned;
        if (!has_all(event.text, terms)) continue;
        auto& e = events.emplace_back();
        e.logStreamName = row.name;
        e.timestamp = e.ingestionTime = to_ms(event.time);
        e.message = event.text;
        e.eventId = fmt::format("{}{:020}", row.job, event.offset);
        if (events.size() >= limit) break;
      }
      if (events.size() >= limit || scanned >= scanned_max) {
        out.nextToken = fmt::format("{}@{}", row.name, offset);
        return wire::encode(out);
      }
      if (page.events.empty()) break;
      offset = page.end;
    }
  }
  return wire::encode(out);
}

}  // namespace trainyard::api
