#pragma once
/// A training job as the machine sees it: a value. What the user asked for stays in the request;
/// this is where the job is and what happened to it.

#include "base/clock.hpp"
#include "job/capacity.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::job {

/// Where a job is. Only step() moves it.
enum class Phase {
  pending,       ///< waits for capacity
  staging,       ///< has its machines; the service links its channels
  launching,     ///< agents start, fetch code and make the sandbox
  training,      ///< the user's script runs on every instance
  interrupting,  ///< its machines are taken from it: SIGTERM is out, the grace runs; it goes on
                 ///< later
  stopping,      ///< asked to stop: SIGTERM is out, the grace runs
  uploading,     ///< the script has ended; outputs are packed and uploaded
  completed,
  failed,
  stopped,
};
inline constexpr int phase_count = 10;

/// "pending", ...: as stored in rows.
std::string_view name(Phase phase);
std::optional<Phase> phase_named(std::string_view name);
bool is_terminal(Phase phase);

/// Why a job that ends as Stopped was stopped.
enum class StopCause { none, requested, max_runtime, max_wait, max_pending };

/// What the request lets happen to it.
struct Terms {
  bool is_spot = false;                ///< may be interrupted
  std::optional<Millis> run_max = {};  ///< of all attempts together
  /// MaxWaitTimeInSeconds. At least run_max, it bounds waiting and running together; below it,
  /// which the service refuses, each wait for machines and never running.
  std::optional<Millis> wait_max = {};
  std::optional<Millis> pending_max = {};  ///< of each wait for machines
  std::int64_t retries_max = 0;            ///< after internal errors but of storing outputs
  std::int64_t losses_max = 0;  ///< the same, of agents and machines that were lost alone
  bool operator==(const Terms&) const = default;
};

/// How far one instance of the current attempt is.
enum class InstanceStage { launched, running, exited, finished };

/// One entry of SecondaryStatusTransitions.
struct Transition {
  std::string status;  ///< "Downloading", ...: SageMaker's SecondaryStatus
  std::string message;
  Time start{};
  std::optional<Time> end;
  bool operator==(const Transition&) const = default;
};

struct Job {
  Terms terms;
  Phase phase = Phase::pending;
  std::int64_t attempt = 0;  ///< counts launches; 0 before the first
  std::int64_t instance_count = 1;
  std::vector<InstanceStage> instances;  ///< of this attempt
  Placement places;                      ///< of this attempt's instances, as the queue gave them
  std::vector<std::string> sources;      ///< where each channel's files lie, once staged
  StopCause stop_cause = StopCause::none;
  std::string failure_reason;  ///< set once something failed; Describe tells its first 1,024
  std::string model_uri;       ///< S3ModelArtifacts, once uploaded
  std::vector<Transition> transitions;
  std::int64_t retries = 0;            ///< after internal errors, so far
  bool is_interrupted = false;         ///< what ended this attempt's scripts, once one has told
  std::optional<Time> waiting_since;   ///< while it waits for machines
  std::optional<Time> training_start;  ///< the billed interval begins: agents first launched
  std::optional<Time> attempt_start;   ///< the same of this attempt, until it is over
  std::optional<Time> training_end;
  std::int64_t training_ms = 0;  ///< of the attempts that are over, together
  std::optional<Time> ended;
  bool operator==(const Job&) const = default;
};

/// Puts a job back into the phase it was stored with; false if the name is not a phase's.
bool restore_phase(Job& job, std::string_view name);

/// When waiting and running together have lasted as long as wait_max lets them, where it bounds
/// both; nothing of a job that was not created yet.
std::optional<Time> wait_max_end(const Job& job);
/// When a job that waits for machines has waited too long; nothing where it may wait for ever.
std::optional<Time> wait_deadline(const Job& job);
/// How long its scripts may run from now on; nothing where they may run for ever. Above 0.
std::optional<Millis> run_left(const Job& job, Time now);

/// TrainingJobStatus and SecondaryStatus as DescribeTrainingJob gives them.
std::string_view training_job_status(const Job& job);
std::string secondary_status(const Job& job);

}  // namespace trainyard::job
