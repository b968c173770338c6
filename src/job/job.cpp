#include "job/job.hpp"

#include <array>

namespace trainyard::job {
namespace {

constexpr std::array<std::string_view, phase_count> phase_names{
    "pending",   "staging",   "launching", "training", "stopping",
    "uploading", "completed", "failed",    "stopped"};

}  // namespace

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
