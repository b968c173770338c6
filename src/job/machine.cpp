#include "job/machine.hpp"

#include <algorithm>
#include <array>

namespace trainyard::job {
namespace {

// Every legal move is a row of `table` below; what has no row changes nothing. An action may assume
// the row's phase and event. Messages and their order are the service's own.

struct Step {
  Job& job;
  Time now;
  std::vector<Effect>& effects;

  void owe(Effect effect) { effects.push_back(effect); }
  /// A new entry of SecondaryStatusTransitions; the one before it ends.
  void show(std::string status, std::string message) {
    if (!job.transitions.empty() && !job.transitions.back().end) job.transitions.back().end = now;
    job.transitions.push_back({std::move(status), std::move(message), now, {}});
  }
  /// What this attempt took is counted, and its machines become free.
  void leave_machines() {
    if (job.attempt_start) job.training_ms += (now - *job.attempt_start).count();
    job.attempt_start.reset();
    job.waiting_since.reset();
    const bool has_any = job.phase != Phase::pending;  // else they were let go before it waited
    if (has_any) owe(Release{job.attempt});
  }
  void end(Phase phase, const char* status, std::string message) {
    show(status, std::move(message));
    job.transitions.back().end = now;
    leave_machines();
    if (job.training_start) job.training_end = now;
    job.phase = phase;
    job.ended = now;
  }
  /// It waits for machines again, and begins another attempt then.
  void wait_again() {
    leave_machines();
    job.phase = Phase::pending;
    job.waiting_since = now;
    job.instances.clear();
    job.sources.clear();
    job.is_interrupted = false;
  }
  /// Internal errors are tried again as often as the job's terms say.
  void fail(std::string reason) { fail(std::move(reason), job.terms.retries_max); }
  void fail(std::string reason, std::int64_t retries_max) {
    const std::string said = job.failure_reason.empty() ? std::move(reason) : job.failure_reason;
    const bool is_internal = said.starts_with("InternalServerError");
    if (is_internal && job.stop_cause == StopCause::none && job.retries < retries_max) {
      job.retries += 1;
      job.failure_reason.clear();
      show("Restarting", said);
      return wait_again();
    }
    job.failure_reason = said;
    end(Phase::failed, "Failed", "Training job failed");
  }
  void stop() {
    switch (job.stop_cause) {
    case StopCause::max_runtime:
      return end(Phase::stopped, "MaxRuntimeExceeded",
                 "Training job runtime exceeded MaxRuntimeInSeconds");
    case StopCause::max_wait:
      return end(Phase::stopped, "MaxWaitTimeExceeded",
                 "Training job wait time exceeded MaxWaitTimeInSeconds");
    case StopCause::max_pending:
      return end(Phase::stopped, "Stopped",
                 "Training job pending time exceeded MaxPendingTimeInSeconds");
    case StopCause::none:
    case StopCause::requested:
      return end(Phase::stopped, "Stopped", "Training job stopped");
    }
  }
  bool every(InstanceStage stage) const {
    return std::all_of(job.instances.begin(), job.instances.end(),
                       [&](InstanceStage s) { return s >= stage; });
  }
  void reached(std::int64_t n, InstanceStage stage) {
    auto& at = job.instances[std::size_t(n)];
    at = std::max(at, stage);
  }
};

void created(Step& s, const Event&) {
  s.job.waiting_since = s.now;
  s.show("Starting", "Starting the training job");
}
void admitted(Step& s, const Event& e) {
  s.job.places = std::get<Admitted>(e).places;
  s.job.phase = Phase::staging;
  s.job.attempt += 1;
  s.job.waiting_since.reset();
  s.job.instances.assign(std::size_t(s.job.instance_count), InstanceStage::launched);
  s.show("Starting", "Preparing the instances for training");
  s.owe(Stage{s.job.attempt});
}
void staged(Step& s, const Event& e) {
  s.job.sources = std::get<Staged>(e).sources;
  s.job.phase = Phase::launching;
  s.job.attempt_start = s.now;
  if (!s.job.training_start) s.job.training_start = s.now;
  s.show("Downloading", "Downloading input data");
  s.owe(LaunchInstances{s.job.attempt});
}
void stage_failed(Step& s, const Event& e) {
  s.fail(std::get<StageFailed>(e).reason);
}
void launch_failed(Step& s, const Event& e) {
  s.fail(std::get<LaunchFailed>(e).reason);
}
void running(Step& s, const Event& e) {
  s.reached(std::get<Running>(e).n, InstanceStage::running);
  if (!s.every(InstanceStage::running)) return;
  s.job.phase = Phase::training;
  s.show("Training", "Training image download completed. Training in progress.");
}
// MaxRuntimeInSeconds and MaxWaitTimeInSeconds are one limit for the agent, which tells the first.
StopCause limit_passed(const Step& s, StopCause told) {
  const auto end = wait_max_end(s.job);
  const bool waited = end && s.now >= *end;
  return told == StopCause::max_runtime && waited ? StopCause::max_wait : told;
}
// The script ended on one instance. The first failure ends the others; the last one to end leads
// on.
void exited(Step& s, const Event& e) {
  const auto& exit = std::get<Exited>(e);
  s.reached(exit.n, InstanceStage::exited);
  s.job.is_interrupted |= exit.is_interrupted;
  if (s.job.stop_cause == StopCause::none) s.job.stop_cause = limit_passed(s, exit.cause);
  if (s.job.failure_reason.empty() && s.job.stop_cause == StopCause::none)
    s.job.failure_reason = exit.failure;
  if (!s.every(InstanceStage::exited)) {
    if (!exit.failure.empty()) s.owe(StopInstances{s.job.attempt});
    return;
  }
  if (s.job.is_interrupted && s.job.phase == Phase::interrupting) return;  // no outputs follow
  s.job.phase = Phase::uploading;
  if (s.job.stop_cause == StopCause::max_runtime || s.job.stop_cause == StopCause::max_wait)
    s.show("Stopping", "Stopping the training job");
  s.show("Uploading", "Uploading generated training model");
}
void finished(Step& s, const Event& e) {
  const auto& done = std::get<Finished>(e);
  s.reached(done.n, InstanceStage::finished);
  if (!done.model_uri.empty()) s.job.model_uri = done.model_uri;
  // What could not be stored is kept for people where it is: another attempt would lose it.
  const bool keeps_files = s.job.failure_reason.empty() && !done.failure.empty();
  if (s.job.failure_reason.empty()) s.job.failure_reason = done.failure;
  if (!s.every(InstanceStage::finished)) return;
  if (keeps_files)
    s.fail({}, 0);
  else if (!s.job.failure_reason.empty())
    s.fail({});
  else if (s.job.stop_cause != StopCause::none)
    s.stop();
  else
    s.end(Phase::completed, "Completed", "Training job completed");
}
// What it could not store of its last checkpoints is lost, not the job.
void finished_interrupted(Step& s, const Event& e) {
  const auto& done = std::get<Finished>(e);
  s.reached(done.n, InstanceStage::finished);
  if (!done.failure.empty()) s.job.transitions.back().message += "; " + done.failure;
  if (s.every(InstanceStage::finished)) s.wait_again();
}
void lost(Step& s, const Event& e) {
  s.fail("InternalServerError: " + std::get<InstanceLost>(e).reason,
         std::max(s.job.terms.retries_max, s.job.terms.losses_max));
}
void gone_interrupted(Step& s, const Event&) {  // or it was never there
  s.wait_again();
}
void interrupt_unlaunched(Step& s, const Event& e) {
  s.show("Interrupted", std::get<Interrupted>(e).reason);
  s.wait_again();
}
void interrupt_running(Step& s, const Event& e) {
  s.job.phase = Phase::interrupting;
  s.show("Interrupted", std::get<Interrupted>(e).reason);
  s.owe(InterruptInstances{s.job.attempt});
}
void waited(Step& s, const Event&) {
  const auto until = wait_deadline(s.job);
  if (!until || s.now < *until) return;
  const auto& pending_max = s.job.terms.pending_max;
  const bool is_pending = pending_max && *until == *s.job.waiting_since + *pending_max;
  s.job.stop_cause = is_pending ? StopCause::max_pending : StopCause::max_wait;
  s.stop();
}
void stop_waiting(Step& s, const Event&) {  // nothing of the user's runs yet
  s.job.stop_cause = StopCause::requested;
  s.show("Stopping", "Stopping the training job");
  s.stop();
}
void stop_running(Step& s, const Event&) {
  s.job.stop_cause = StopCause::requested;
  s.job.phase = Phase::stopping;
  s.show("Stopping", "Stopping the training job");
  s.owe(StopInstances{s.job.attempt});
}
void stop_unlaunched(Step& s, const Event&) {  // nothing of the user's ran
  s.stop();
}
void stop_uploading(Step& s, const Event&) {  // the script is over: its outputs are kept
  if (s.job.stop_cause == StopCause::none) s.job.stop_cause = StopCause::requested;
}

using Action = void (*)(Step&, const Event&);
struct Row {
  Phase from;
  std::size_t event;  // the event's place in Event
  Action action;
};
template <class T, std::size_t I = 0> constexpr std::size_t at() {
  if constexpr (std::is_same_v<std::variant_alternative_t<I, Event>, T>)
    return I;
  else
    return at<T, I + 1>();
}

constexpr Row table[] = {
    {Phase::pending, at<Created>(), created},
    {Phase::pending, at<Admitted>(), admitted},
    {Phase::pending, at<StopRequested>(), stop_waiting},
    {Phase::pending, at<WaitedTooLong>(), waited},

    {Phase::staging, at<Staged>(), staged},
    {Phase::staging, at<StageFailed>(), stage_failed},
    {Phase::staging, at<StopRequested>(), stop_waiting},
    {Phase::staging, at<Interrupted>(), interrupt_unlaunched},

    {Phase::launching, at<LaunchFailed>(), launch_failed},
    {Phase::launching, at<Running>(), running},
    {Phase::launching, at<Exited>(), exited},
    {Phase::launching, at<Finished>(), finished},
    {Phase::launching, at<InstanceLost>(), lost},
    {Phase::launching, at<StopRequested>(), stop_running},
    {Phase::launching, at<Interrupted>(), interrupt_running},

    {Phase::training, at<Exited>(), exited},
    {Phase::training, at<InstanceLost>(), lost},
    {Phase::training, at<StopRequested>(), stop_running},
    {Phase::training, at<Interrupted>(), interrupt_running},

    {Phase::interrupting, at<LaunchFailed>(), gone_interrupted},
    {Phase::interrupting, at<Exited>(), exited},
    {Phase::interrupting, at<Finished>(), finished_interrupted},
    {Phase::interrupting, at<InstanceLost>(), gone_interrupted},
    {Phase::interrupting, at<StopRequested>(), stop_running},

    {Phase::stopping, at<LaunchFailed>(), stop_unlaunched},
    {Phase::stopping, at<Exited>(), exited},
    {Phase::stopping, at<Finished>(), finished},
    {Phase::stopping, at<InstanceLost>(), lost},

    {Phase::uploading, at<Finished>(), finished},
    {Phase::uploading, at<InstanceLost>(), lost},
    {Phase::uploading, at<StopRequested>(), stop_uploading},
};

// Reports name the attempt and instance they are of; one from the past, or of nobody, is not for
// us.
bool concerns(const Job& job, const Event& event) {
  return std::visit(
      [&]<class E>(const E& e) {
        if constexpr (requires { e.n; })
          return e.attempt == job.attempt && e.n >= 0 && e.n < std::int64_t(job.instances.size());
        else
          return true;
      },
      event);
}

}  // namespace

std::string_view name(const Event& event) {
  static constexpr std::array<std::string_view, event_count> names{
      "Created", "Admitted", "Staged",       "StageFailed",   "LaunchFailed", "Running",
      "Exited",  "Finished", "InstanceLost", "StopRequested", "Interrupted",  "WaitedTooLong"};
  return names[event.index()];
}

std::string_view name(const Effect& effect) {
  static constexpr std::array<std::string_view, std::variant_size_v<Effect>> names{
      "Stage", "LaunchInstances", "StopInstances", "InterruptInstances", "Release"};
  return names[effect.index()];
}

std::int64_t attempt_of(const Effect& effect) {
  return std::visit([](const auto& e) { return e.attempt; }, effect);
}

Decision step(Job job, const Event& event, Time now) {
  Decision decision{std::move(job), {}};
  if (!concerns(decision.job, event)) return decision;
  Step s{decision.job, now, decision.effects};
  for (const Row& row : table)
    if (row.from == decision.job.phase && row.event == event.index()) {
      row.action(s, event);
      break;
    }
  return decision;
}

}  // namespace trainyard::job
