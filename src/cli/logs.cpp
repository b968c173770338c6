#include "wire/shapes/logs.hpp"

#include "cli/commands.hpp"
#include "cli/job_status.hpp"

#include <cstdio>

namespace trainyard::cli {
namespace {

constexpr const char* group = "/aws/sagemaker/TrainingJobs";

Result<std::vector<std::string>> streams_of(Connection& service, const std::string& name) {
  wire::DescribeLogStreamsRequest request;
  request.logGroupName = group;
  request.logStreamNamePrefix = name + "/";
  const auto answer = TRY(
      service.call<wire::DescribeLogStreamsResponse>("Logs_20140328.DescribeLogStreams", request));
  std::vector<std::string> out;
  if (answer.logStreams)
    for (const auto& stream : *answer.logStreams)
      out.push_back(stream.logStreamName.value_or(""));
  return out;
}

// The streams, once there are any or the job has ended without.
Result<std::vector<std::string>> await_streams(Connection& service, const std::string& name,
                                               std::string& status) {
  for (;;) {
    auto streams = TRY(streams_of(service, name));
    if (!streams.empty() || !is_running(status)) return streams;
    wire::GetLogEventsRequest request;
    request.logGroupName = group;
    request.logStreamName = name + "/";
    TRY(service.call<wire::GetLogEventsResponse>("Trainyard.AwaitLogEvents", request));
    status = TRY(status_of(service, name));
  }
}

// Prints what is there from `token` on; true if there was anything.
Result<bool> print_page(Connection& service, const std::string& stream,
                        std::optional<std::string>& token, bool json, bool wait) {
  wire::GetLogEventsRequest request;
  request.logGroupName = group;
  request.logStreamName = stream;
  request.startFromHead = true;
  request.nextToken = token;
  const std::string body = wire::encode(request);
  const std::string answer = TRY(service.call(
      wait ? "Trainyard.AwaitLogEvents" : "Logs_20140328.GetLogEvents", std::string_view(body)));
  const auto page = TRY(wire::decode_answer<wire::GetLogEventsResponse>(answer));
  token = page.nextForwardToken;
  if (!page.events || page.events->empty()) return false;
  for (const auto& event : *page.events) {
    const std::string line = json ? wire::encode(event) : event.message.value_or("");
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
  }
  if (std::fflush(stdout) != 0) return fail_errno("write the answer");
  return true;
}

}  // namespace

Result<int> show_logs(const Common& common, const std::string& name, bool follow) {
  Connection service = TRY(Connection::open(common.data));
  std::string status = TRY(status_of(service, name));
  auto streams = TRY(streams_of(service, name));
  if (streams.empty() && is_running(status)) {
    std::fprintf(stderr, "%s has no log yet; what it waits for: trainyard why %s\n", name.c_str(),
                 name.c_str());
    if (follow) streams = TRY(await_streams(service, name, status));
  }
  for (const auto& stream : streams) {
    std::optional<std::string> token;
    for (;;) {
      // The status first: what is read behind a terminal one is all there is.
      const bool running = is_running(status);
      while (TRY(print_page(service, stream, token, common.json, false))) {
      }
      if (!follow || !running) break;
      TRY(print_page(service, stream, token, common.json, true));
      status = TRY(status_of(service, name));
    }
  }
  return status == "Failed" ? job_failed : ok;
}

}  // namespace trainyard::cli
