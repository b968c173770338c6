#include "wire/shapes/events.hpp"

#include "cli/commands.hpp"
#include "cli/job_status.hpp"
#include "cli/print.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace trainyard::cli {
namespace {

using Event = wire::EventEnvelope<wire::EventDetail>;

// "2026-11-23T19:26:52Z"
std::string local_time_of(const std::string& utc) {
  std::tm time{};
  if (!::strptime(utc.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time)) return utc;
  return local_time(from_ms(std::int64_t(::timegm(&time)) * 1000));
}

std::string what_happened(const wire::EventDetail& d) {
  if (!d.Alarm.empty()) return d.Alarm + ": " + d.Message;
  if (d.FailureReason) return d.SecondaryStatus + ": " + *d.FailureReason;
  const auto& all = d.SecondaryStatusTransitions;
  return d.SecondaryStatus + (all.empty() ? "" : ": " + all.back().StatusMessage);
}

// A reason may have several lines; an event has one.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  return text;
}

// Time, job, status, what.
Result<std::string> line_of(const std::string& body) {
  const auto event = TRY(wire::decode_answer<Event>(body));
  const auto& d = event.detail;
  const std::string status = d.Alarm.empty() ? d.TrainingJobStatus : "Alarm";
  const std::size_t width = std::max<std::size_t>(status.size(), 10);
  return fmt::format("{}  {}  {}{}  {}", local_time_of(event.time), d.TrainingJobName,
                     coloured_status(status), std::string(width - status.size(), ' '),
                     one_line(what_happened(d)));
}

Result<> print(const std::vector<std::string>& events, bool json) {
  for (const auto& body : events) {
    const std::string line = json ? body : TRY(line_of(body));
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
  }
  if (std::fflush(stdout) != 0) return fail_errno("write the answer");
  return {};
}

}  // namespace

Result<int> show_events(const Common& common, const EventsWish& wish) {
  Connection service = TRY(Connection::open(common.data));
  wire::ListEventsRequest request;
  request.MaxResults = wish.count;
  if (!wish.job.empty()) request.TrainingJobName = wish.job;
  for (const char* operation = "Trainyard.ListEvents";; operation = "Trainyard.AwaitEvents") {
    // The status first: what is told behind a terminal one is all there is.
    const std::string status = wish.job.empty() ? "" : TRY(status_of(service, wish.job));
    const bool has_ended = !status.empty() && !is_running(status);
    const auto page = TRY(service.call<wire::ListEventsResponse>(
        has_ended ? "Trainyard.ListEvents" : operation, request));
    TRY(print(page.Events, common.json));
    const bool is_whole = page.Events.size() < std::size_t(request.MaxResults) || !request.After;
    if (!wish.follow || (has_ended && is_whole)) return status == "Failed" ? job_failed : ok;
    request.After = page.Last;
    request.MaxResults = 100;
  }
}

}  // namespace trainyard::cli
