#include "service/api/operation/find_job.hpp"
#include "service/api/operation/masking.hpp"
#include "service/api/trainyard/trainyard.hpp"
#include "service/engine/job_codec.hpp"
#include "wire/json.hpp"
#include "wire/shapes/create_training_job.hpp"
#include "wire/shapes/describe_training_job.hpp"
#include "wire/shapes/trainyard.hpp"

#include <fmt/format.h>

#include <algorithm>

// POST /  X-Amz-Target: Trainyard.Why  {"TrainingJobName": "NAME"}
// 200 {"TrainingJobStatus": "...", "Sentence": "..."}

namespace trainyard::api {
namespace {

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

double seconds(const job::Transition& t, Time now) {
  return double((t.end.value_or(now) - t.start).count()) / 1000;
}

// "took 3.4 s: Starting 0.0 s, Downloading 0.1 s, Training 3.2 s, Uploading 0.1 s"
std::string where_time_went(const job::Job& job, Time now) {
  std::string parts;
  double total = 0, in_it = 0;  // seconds; two of one status are told as one
  for (const auto& t : job.transitions) {
    if (job::is_terminal(job.phase) && &t == &job.transitions.back()) break;
    total += seconds(t, now);
    in_it += seconds(t, now);
    if (&t != &job.transitions.back() && (&t + 1)->status == t.status) continue;
    parts += fmt::format("{}{} {:.1f} s", parts.empty() ? "" : ", ", t.status, in_it);
    in_it = 0;
  }
  return fmt::format("{:.1f} s: {}", total, parts);
}

const char* stopped_by(job::StopCause cause) {
  switch (cause) {
  case job::StopCause::max_runtime:
    return "by MaxRuntimeInSeconds (max_run)";
  case job::StopCause::max_wait:
    return "by MaxWaitTimeInSeconds (max_wait)";
  case job::StopCause::max_pending:
    return "by MaxPendingTimeInSeconds";
  case job::StopCause::none:
  case job::StopCause::requested:
    break;
  }
  return "by request";
}

std::string explain(const job::Job& job, const std::string& name, const std::string& waits,
                    Time now) {
  switch (job.phase) {
  case job::Phase::failed:
    return fmt::format("{0} failed: {1} (its last lines: trainyard logs {0})", name,
                       one_line(job.failure_reason));
  case job::Phase::completed:
    return name + " completed in " + where_time_went(job, now);
  case job::Phase::stopped:
    return fmt::format("{} was stopped {} after {}", name, stopped_by(job.stop_cause),
                       where_time_went(job, now));
  case job::Phase::pending:
    return name + " " + (waits.empty() ? "is about to start" : waits);
  case job::Phase::staging:
  case job::Phase::launching:
  case job::Phase::training:
  case job::Phase::interrupting:
  case job::Phase::stopping:
  case job::Phase::uploading:
    break;
  }
  return fmt::format("{} is {}, so far {}", name, job::secondary_status(job),
                     where_time_went(job, now));
}

}  // namespace

Result<std::string> why(Services& services, store::Snapshot& s, const Call& call) {
  const auto request = TRY(wire::decode<wire::DescribeTrainingJobRequest>(call.body));
  const auto row = TRY(find_named(s, call, request.TrainingJobName));
  auto job = TRY(engine::decode_job(row.state));
  if (!identity::may_change(call.caller, row.user)) {
    auto created = TRY(wire::decode<wire::CreateTrainingJobRequest>(row.request));
    mask_secrets(created, {&job.failure_reason});
  }
  return wire::encode(wire::WhyResponse{
      row.status, explain(job, row.name, services.engine.why(s, row.id), services.clock.now())});
}

}  // namespace trainyard::api
