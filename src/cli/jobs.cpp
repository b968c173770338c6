#include "cli/commands.hpp"
#include "cli/connection.hpp"
#include "cli/print.hpp"
#include "wire/shapes/describe_training_job.hpp"
#include "wire/shapes/list_training_jobs.hpp"
#include "wire/shapes/stop_training_job.hpp"
#include "wire/shapes/trainyard.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace trainyard::cli {
namespace {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
}

std::string describe_request(const std::string& name) {
  wire::DescribeTrainingJobRequest request;
  request.TrainingJobName = name;
  return wire::encode(request);
}

// Behind a word of nine letters.
std::string indented(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 12)
    text.replace(at, 1, "\n           ");
  return text;
}

int outcome(std::string_view status) {
  return status == "Failed" ? job_failed : ok;
}

}  // namespace

Result<int> list_jobs(const Common& common, int count) {
  Connection service = TRY(Connection::open(common.data));
  wire::ListTrainingJobsRequest request;
  request.MaxResults = count;
  const std::string answer =
      TRY(service.call("SageMaker.ListTrainingJobs", std::string_view(wire::encode(request))));
  if (common.json) return print(answer), ok;
  const auto list = TRY(wire::decode_answer<wire::ListTrainingJobsResponse>(answer));
  std::vector<std::vector<std::string>> rows{{"NAME", "CREATED", "TOOK", "STATUS"}};
  for (const auto& job : list.TrainingJobSummaries) {
    const bool waits = job.SecondaryStatus == "Pending";
    const auto took = job.TrainingEndTime.value_or(system_clock().now()) - job.CreationTime;
    rows.push_back({job.TrainingJobName, local_time(job.CreationTime), waits ? "-" : duration(took),
                    waits ? "Pending" : coloured_status(job.TrainingJobStatus)});
  }
  if (rows.size() == 1)
    print("no jobs yet; run one: trainyard run -- python launch.py");
  else
    print(table(rows));
  return ok;
}

Result<int> list_waiting(const Common& common, int count) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer = TRY(service.call(
      "Trainyard.ListWaiting", std::string_view(wire::encode(wire::ListWaitingRequest{count}))));
  if (common.json) return print(answer), ok;
  const auto list = TRY(wire::decode_answer<wire::ListWaitingResponse>(answer));
  std::vector<std::vector<std::string>> rows{{"NAME", "USER", "PRIORITY", "CREATED", "WHY"}};
  for (const auto& job : list.Jobs)
    rows.push_back({job.TrainingJobName, job.User, std::to_string(job.Priority),
                    local_time(job.CreationTime), job.Sentence});
  print(rows.size() == 1 ? "no job waits" : table(rows));
  return ok;
}

Result<int> set_priority(const Common& common, const std::string& name, int priority) {
  Connection service = TRY(Connection::open(common.data));
  TRY(service.call("Trainyard.SetPriority",
                   std::string_view(wire::encode(wire::SetPriorityRequest{name, priority}))));
  print(common.json ? "{}" : fmt::format("{} has priority {} now", name, priority));
  return ok;
}

Result<int> describe_job(const Common& common, const std::string& name) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer =
      TRY(service.call("SageMaker.DescribeTrainingJob", std::string_view(describe_request(name))));
  const auto job = TRY(wire::decode_answer<wire::DescribeTrainingJobResponse>(answer));
  if (common.json) return print(answer), outcome(job.TrainingJobStatus);
  print(fmt::format("{}  {}", job.TrainingJobName, coloured_status(job.TrainingJobStatus)));
  if (job.FailureReason) print("  reason   " + indented(*job.FailureReason));
  std::vector<std::vector<std::string>> rows;
  if (job.SecondaryStatusTransitions)
    for (const auto& t : *job.SecondaryStatusTransitions)
      rows.push_back({"  " + local_time(t.StartTime), t.Status,
                      duration(t.EndTime.value_or(system_clock().now()) - t.StartTime),
                      t.StatusMessage.value_or("")});
  print(table(rows));
  if (!job.ModelArtifacts.S3ModelArtifacts.empty())
    print("  model    " + job.ModelArtifacts.S3ModelArtifacts);
  print("  log      trainyard logs " + job.TrainingJobName);
  return outcome(job.TrainingJobStatus);
}

Result<int> stop_job(const Common& common, const std::string& name) {
  Connection service = TRY(Connection::open(common.data));
  wire::StopTrainingJobRequest request;
  request.TrainingJobName = name;
  TRY(service.call("SageMaker.StopTrainingJob", std::string_view(wire::encode(request))));
  print(common.json
            ? "{}"
            : name + " is asked to stop: at once if it waits, else SIGTERM now, and SIGKILL "
                     "if it has not ended in time (120 s, or what stop_grace_seconds "
                     "says)");
  return ok;
}

Result<int> interrupt_job(const Common& common, const std::string& name) {
  Connection service = TRY(Connection::open(common.data));
  TRY(service.call("Trainyard.Interrupt", std::string_view(describe_request(name))));
  print(common.json
            ? "{}"
            : name + " is interrupted: SIGTERM now, its last checkpoints are stored, and it "
                     "waits for a machine again");
  return ok;
}

Result<int> explain_job(const Common& common, const std::string& name) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer =
      TRY(service.call("Trainyard.Why", std::string_view(describe_request(name))));
  const auto why = TRY(wire::decode_answer<wire::WhyResponse>(answer));
  print(common.json ? answer : why.Sentence);
  return outcome(why.TrainingJobStatus);
}

}  // namespace trainyard::cli
