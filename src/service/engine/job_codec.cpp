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

struct TermsText {
  bool is_spot = false;
  std::optional<std::int64_t> run_max_ms, wait_max_ms, pending_max_ms;
  std::int64_t retries_max = 0, losses_max = 0;
};
template <class V> void fields(V& v, TermsText& t) {
  v("is_spot", t.is_spot);
  v("run_max_ms", t.run_max_ms);
  v("wait_max_ms", t.wait_max_ms);
  v("pending_max_ms", t.pending_max_ms);
  v("retries_max", t.retries_max);
  v("losses_max", t.losses_max);
}

struct PlaceText {
  std::string machine;
  std::vector<std::string> gpus;
};
template <class V> void fields(V& v, PlaceText& p) {
  v("machine", p.machine, wire::required);
  v("gpus", p.gpus);
}

struct JobText {
  TermsText terms;
  std::string phase;
  std::int64_t attempt = 0, instance_count = 1;
  std::vector<std::int64_t> instances;
  std::vector<PlaceText> places;
  std::vector<std::string> sources;
  std::int64_t stop_cause = 0;
  std::string failure_reason, model_uri;
  std::vector<TransitionText> transitions;
  std::int64_t retries = 0;
  bool is_interrupted = false;
  std::optional<Time> waiting_since, training_start, attempt_start, training_end, ended;
  std::int64_t training_ms = 0;
};
template <class V> void fields(V& v, JobText& j) {
  v("terms", j.terms);
  v("phase", j.phase, wire::required);
  v("attempt", j.attempt);
  v("instance_count", j.instance_count);
  v("instances", j.instances);
  v("places", j.places);
  v("sources", j.sources);
  v("stop_cause", j.stop_cause, wire::range(0, 4));
  v("failure_reason", j.failure_reason);
  v("model_uri", j.model_uri);
  v("transitions", j.transitions);
  v("retries", j.retries);
  v("is_interrupted", j.is_interrupted);
  v("waiting_since", j.waiting_since);
  v("training_start", j.training_start);
  v("attempt_start", j.attempt_start);
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

std::optional<std::int64_t> in_ms(const std::optional<Millis>& d) {
  return d ? std::optional(d->count()) : std::nullopt;
}
std::optional<Millis> millis(const std::optional<std::int64_t>& ms) {
  return ms ? std::optional(Millis(*ms)) : std::nullopt;
}

TermsText text_of(const job::Terms& terms) {
  return {terms.is_spot,     in_ms(terms.run_max), in_ms(terms.wait_max), in_ms(terms.pending_max),
          terms.retries_max, terms.losses_max};
}
job::Terms terms_of(const TermsText& text) {
  return {text.is_spot,
          millis(text.run_max_ms),
          millis(text.wait_max_ms),
          millis(text.pending_max_ms),
          text.retries_max,
          text.losses_max};
}

}  // namespace

std::string encode_job(const job::Job& job) {
  JobText text;
  text.terms = text_of(job.terms);
  text.phase = job::name(job.phase);
  text.attempt = job.attempt;
  text.instance_count = job.instance_count;
  for (const auto stage : job.instances)
    text.instances.push_back(std::int64_t(stage));
  for (const auto& place : job.places)
    text.places.push_back({place.machine, place.gpus});
  text.sources = job.sources;
  text.stop_cause = std::int64_t(job.stop_cause);
  text.failure_reason = job.failure_reason;
  text.model_uri = job.model_uri;
  for (const auto& t : job.transitions)
    text.transitions.push_back({t.status, t.message, t.start, t.end});
  text.retries = job.retries;
  text.is_interrupted = job.is_interrupted;
  text.waiting_since = job.waiting_since;
  text.training_start = job.training_start;
  text.attempt_start = job.attempt_start;
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
  job.terms = terms_of(text->terms);
  job.attempt = text->attempt;
  job.instance_count = text->instance_count;
  for (const auto stage : text->instances) {
    if (stage < 0 || stage > std::int64_t(job::InstanceStage::finished))
      return fail_internal("read a job's state: an instance's stage is not known");
    job.instances.push_back(job::InstanceStage(stage));
  }
  for (auto& place : text->places)
    job.places.push_back({std::move(place.machine), std::move(place.gpus)});
  job.sources = std::move(text->sources);
  job.stop_cause = job::StopCause(text->stop_cause);
  job.failure_reason = std::move(text->failure_reason);
  job.model_uri = std::move(text->model_uri);
  for (auto& t : text->transitions)
    job.transitions.push_back({std::move(t.status), std::move(t.message), t.start, t.end});
  job.retries = text->retries;
  job.is_interrupted = text->is_interrupted;
  job.waiting_since = text->waiting_since;
  job.training_start = text->training_start;
  job.attempt_start = text->attempt_start;
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
