#include "service/engine/job_codec.hpp"

#include "wire/json.hpp"

namespace trainyard::engine {
namespace {

// The row's form, apart from the machine's type: job/ knows no JSON.
struct TransitionText {
  std::string status, message;
  Time start{};
  std::optional<Time> end;
};
template <class V> void fields(V& v, TransitionText& t) {
  v("status", t.status, wire::required);
  v("message", t.message);
  v("start", t.start, wire::required);
  v("end", t.end);
}

struct JobText {
  std::string phase;
  std::int64_t attempt = 0, instance_count = 1;
  std::vector<std::int64_t> instances;
  std::vector<std::string> sources;
  std::int64_t stop_cause = 0;
  std::string failure_reason, model_uri;
  std::vector<TransitionText> transitions;
  std::optional<Time> training_start, training_end, ended;
  std::int64_t training_ms = 0;
};
template <class V> void fields(V& v, JobText& j) {
  v("phase", j.phase, wire::required);
  v("attempt", j.attempt);
  v("instance_count", j.instance_count);
  v("instances", j.instances);
  v("sources", j.sources);
  v("stop_cause", j.stop_cause, wire::range(0, 2));
  v("failure_reason", j.failure_reason);
  v("model_uri", j.model_uri);
  v("transitions", j.transitions);
  v("training_start", j.training_start);
  v("training_end", j.training_end);
  v("ended", j.ended);
  v("training_ms", j.training_ms);
}

struct EventText {
  std::optional<std::int64_t> attempt, n;
  std::optional<std::string> failure, reason, model_uri;
};
template <class V> void fields(V& v, EventText& e) {
  v("attempt", e.attempt);
  v("n", e.n);
  v("failure", e.failure);
  v("reason", e.reason);
  v("model_uri", e.model_uri);
}

}  // namespace

std::string encode_job(const job::Job& job) {
  JobText text;
  text.phase = job::name(job.phase);
  text.attempt = job.attempt;
  text.instance_count = job.instance_count;
  for (const auto stage : job.instances)
    text.instances.push_back(std::int64_t(stage));
  text.sources = job.sources;
  text.stop_cause = std::int64_t(job.stop_cause);
  text.failure_reason = job.failure_reason;
  text.model_uri = job.model_uri;
  for (const auto& t : job.transitions)
    text.transitions.push_back({t.status, t.message, t.start, t.end});
  text.training_start = job.training_start;
  text.training_end = job.training_end;
  text.ended = job.ended;
  text.training_ms = job.training_ms;
  return wire::encode(text);
}

Result<job::Job> decode_job(std::string_view state) {
  auto text = wire::decode<JobText>(state);
  if (!text) return in_context(std::move(text.error()), "read a job's state");
  job::Job job;
  if (!job::restore_phase(job, text->phase))
    return fail_internal("read a job's state: phase '" + text->phase + "' is not known");
  job.attempt = text->attempt;
  job.instance_count = text->instance_count;
  for (const auto stage : text->instances) {
    if (stage < 0 || stage > std::int64_t(job::InstanceStage::finished))
      return fail_internal("read a job's state: an instance's stage is not known");
    job.instances.push_back(job::InstanceStage(stage));
  }
  job.sources = std::move(text->sources);
  job.stop_cause = job::StopCause(text->stop_cause);
  job.failure_reason = std::move(text->failure_reason);
  job.model_uri = std::move(text->model_uri);
  for (auto& t : text->transitions)
    job.transitions.push_back({std::move(t.status), std::move(t.message), t.start, t.end});
  job.training_start = text->training_start;
  job.training_end = text->training_end;
  job.ended = text->ended;
  job.training_ms = text->training_ms;
  return job;
}

void show_in_row(const job::Job& job, store::JobRow& row) {
  row.phase = job::name(job.phase);
  row.status = job::training_job_status(job);
  row.secondary_status = job::secondary_status(job);
  row.state = encode_job(job);
  row.ended = job.ended;
}

std::string encode_event(const job::Event& event) {
  EventText text;
  std::visit(
      [&]<class E>(const E& e) {
        if constexpr (requires { e.n; }) text.attempt = e.attempt, text.n = e.n;
        if constexpr (requires { e.failure; }) text.failure = e.failure;
        if constexpr (requires { e.reason; }) text.reason = e.reason;
        if constexpr (requires { e.model_uri; }) text.model_uri = e.model_uri;
      },
      event);
  return wire::encode(text);
}

}  // namespace trainyard::engine
