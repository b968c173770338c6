#include "job/job.hpp"

#include <algorithm>
#include <array>

namespace trainyard::job {
namespace {

constexpr std::array<std::string_view, phase_count> phase_names{
    "pending",  "staging",   "launching", "training", "interrupting",
    "stopping", "uploading", "completed", "failed",   "stopped"};

}  // namespace

std::optional<Time> wait_max_end(const Job& job) {
  const Terms& terms = job.terms;
  const bool bounds_all = terms.wait_max && (!terms.run_max || *terms.wait_max >= *terms.run_max);
  const bool has_begun_to_wait = !job.transitions.empty();
  if (!bounds_all || !has_begun_to_wait) return std::nullopt;
  return job.transitions.front().start + *terms.wait_max;
}

std::string_view name(Phase phase) {
  return phase_names[std::size_t(phase)];
}

std::optional<Phase> phase_named(std::string_view wanted) {
  for (std::size_t i = 0; i < phase_names.size(); ++i)
    if (phase_names[i] == wanted) return Phase(i);
  return std::nullopt;
}

bool is_terminal(Phase phase) {
  return phase == Phase::completed || phase == Phase::failed || phase == Phase::stopped;
}

bool restore_phase(Job& job, std::string_view name) {
  const auto phase = phase_named(name);
  if (phase) job.phase = *phase;
  return phase.has_value();
}

std::optional<Time> wait_deadline(const Job& job) {
  if (job.phase != Phase::pending || !job.waiting_since) return std::nullopt;
  std::optional<Time> out;
  const auto at = [&](Time t) { out = std::min(out.value_or(t), t); };
  if (job.terms.pending_max) at(*job.waiting_since + *job.terms.pending_max);
  if (job.terms.wait_max) at(wait_max_end(job).value_or(*job.waiting_since + *job.terms.wait_max));
  return out;
}

std::optional<Millis> run_left(const Job& job, Time now) {
  std::optional<Millis> out;
  const auto at = [&](Millis left) {
    out = std::max(Millis(1), std::min(out.value_or(left), left));
  };
  if (job.terms.run_max) at(*job.terms.run_max - Millis(job.training_ms));
  if (const auto end = wait_max_end(job)) at(*end - now);
  return out;
}

std::string_view training_job_status(const Job& job) {
  switch (job.phase) {
  case Phase::completed:
    return "Completed";
  case Phase::failed:
    return "Failed";
  case Phase::stopped:
    return "Stopped";
  case Phase::pending:
  case Phase::staging:
  case Phase::launching:
  case Phase::training:
  case Phase::interrupting:
  case Phase::stopping:
  case Phase::uploading:
    break;
  }
  return job.stop_cause == StopCause::none ? "InProgress" : "Stopping";
}

std::string secondary_status(const Job& job) {
  return job.transitions.empty() ? "Starting" : job.transitions.back().status;
}

}  // namespace trainyard::job
