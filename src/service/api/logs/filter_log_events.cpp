#include "service/api/logs/filter_pattern.hpp"
#include "service/api/logs/logs.hpp"
#include "service/api/logs/stream_events.hpp"
#include "wire/json.hpp"
#include "wire/shapes/logs.hpp"

#include <fmt/format.h>

#include <charconv>
#include <set>

// POST /  X-Amz-Target: Logs_20140328.FilterLogEvents
//         {"logGroupName", "logStreamNamePrefix": "JOB/", "filterPattern": "loss", "startTime": ms}
// 200 {"events": [{"eventId", "logStreamName", "timestamp", "message", "ingestionTime"}],
// "nextToken"}

namespace trainyard::api {
namespace {

constexpr std::int64_t events_max = 10'000;
// What is looked at for one answer, found or not; the token goes on from there.
constexpr std::uint64_t searched_bytes_max = 64u << 20;
constexpr std::size_t searched_streams_max = 1000;

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

Result<> check_request(const wire::FilterLogEventsRequest& request) {
  const auto invalid = [](const char* why) {
    return fail(ErrorKind::invalid, "InvalidParameterException", why);
  };
  if (request.logStreamNames && request.logStreamNamePrefix)
    return invalid("Give either logStreamNames or logStreamNamePrefix.");
  if (request.startFromHead == false)
    return invalid("FilterLogEvents gives the earliest events first: startFromHead false is not "
                   "offered.");
  return {};
}

// Those from `from` on, by name; one more than are searched for one answer.
Result<std::vector<store::LogStreamRow>> wanted_streams(store::Snapshot& s, const Call& call,
                                                        const wire::FilterLogEventsRequest& r,
                                                        const std::string& from) {
  if (!r.logStreamNames)
    return store::log_streams(s, {call.region, r.logStreamNamePrefix.value_or(""), from, false,
                                  std::int64_t(searched_streams_max) + 1});
  std::vector<store::LogStreamRow> rows;
  for (const auto& name : std::set(r.logStreamNames->begin(), r.logStreamNames->end())) {
    auto row = TRY(find_stream(s, call, name));
    if (row.name >= from) rows.push_back(std::move(row));
  }
  return rows;
}

// One answer being made.
struct Search {
  const FilterPattern pattern;
  const logs::Range range;
  const std::size_t limit;
  std::vector<wire::FilteredLogEvent> found;
  std::uint64_t found_bytes = 0, searched_bytes = 0;

  bool is_full() const {
    return found.size() >= limit || found_bytes >= logs::page_bytes_max ||
           searched_bytes >= searched_bytes_max;
  }
  void add(const store::LogStreamRow& row, const logs::Event& event) {
    auto& e = found.emplace_back();
    e.logStreamName = row.name;
    e.timestamp = e.ingestionTime = to_ms(event.time);
    e.message = event.text;
    e.eventId = fmt::format("{}{:020}", row.job, event.offset);
    found_bytes += logs::bytes_of(event);
  }
  /// Goes through a stream from `offset` on. Where to go on once this answer is full.
  Result<std::optional<std::uint64_t>> run(const store::LogStreamRow& row,
                                           logs::StreamReader& reader, std::uint64_t offset) {
    for (;;) {
      const auto page = TRY(reader.forward(offset, range, std::size_t(events_max)));
      if (page.events.empty()) return std::optional<std::uint64_t>();
      for (const auto& event : page.events) {
        if (is_full()) return std::optional(event.offset);
        searched_bytes += logs::bytes_of(event);
        if (pattern.fits(event.text)) add(row, event);
      }
      offset = page.end;
    }
  }
};

// The end of a range is inclusive here, other than in GetLogEvents.
logs::Range range_of(const wire::FilterLogEventsRequest& request) {
  const std::int64_t last = request.endTime.value_or(INT64_MAX);
  return {request.startTime.value_or(0), last == INT64_MAX ? last : last + 1};
}

}  // namespace

Result<std::string> filter_log_events(Services& services, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::FilterLogEventsRequest>(call.body));
  TRY(check_group(call, request.logGroupName, request.logGroupIdentifier));
  TRY(check_request(request));
  Search search{TRY(parse_filter_pattern(request.filterPattern.value_or(""))),
                range_of(request),
                std::size_t(request.limit.value_or(events_max)),
                {}};
  const Place from = request.nextToken ? TRY(read_token(*request.nextToken)) : Place();
  wire::FilterLogEventsResponse out;
  std::size_t searched = 0;
  for (const auto& row : TRY(wanted_streams(s, call, request, from.stream))) {
    const std::uint64_t offset = row.name == from.stream ? from.offset : 0;
    auto reader = TRY(open_stream(services, s, row));
    const auto full = searched++ == searched_streams_max || search.is_full()
                          ? std::optional(offset)
                          : TRY(search.run(row, reader, offset));
    if (full) {
      out.nextToken = fmt::format("{}@{}", row.name, *full);
      break;
    }
  }
  out.events = std::move(search.found);
  return wire::encode(out);
}

}  // namespace trainyard::api
