#pragma once
/// A training job as the machine sees it: a value. What the user asked for stays in the request;
/// this is where the job is and what happened to it.

#include "base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::job {

/// Where a job is. Only step() moves it.
enum class Phase {
  pending,    ///< waits for capacity
  staging,    ///< has its machines; the service links its channels
  launching,  ///< agents start, fetch code and make the sandbox
  training,   ///< the user's script runs on every instance
  stopping,   ///< asked to stop: SIGTERM is out, the grace runs
  uploading,  ///< the script has ended; outputs are packed and uploaded
  completed,
  failed,
  stopped,
};
inline constexpr int phase_count = 9;

/// "pending", ...: as stored in rows.
std::string_view name(Phase phase);
std::optional<Phase> phase_named(std::string_view name);
bool is_terminal(Phase phase);

/// Why a job that ends as Stopped was stopped.
enum class StopCause { none, requested, max_runtime };

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
  Phase phase = Phase::pending;
  std::int64_t attempt = 0;  ///< counts launches; 0 before the first
  std::int64_t instance_count = 1;
  std::vector<InstanceStage> instances;  ///< of this attempt
  std::vector<std::string> sources;      ///< where each channel's files lie, once staged
  StopCause stop_cause = StopCause::none;
  std::string failure_reason;  ///< set once something failed; Describe tells its first 1,024
  std::string model_uri;       ///< S3ModelArtifacts, once uploaded
  std::vector<Transition> transitions;
  std::optional<Time> training_start;  ///< the billed interval begins: agents launched
  std::optional<Time> training_end;
  std::int64_t training_ms = 0;  ///< time spent training, all attempts together
  std::optional<Time> ended;
  bool operator==(const Job&) const = default;
};

/// Puts a job back into the phase it was stored with; false if the name is not a phase's.
bool restore_phase(Job& job, std::string_view name);

/// TrainingJobStatus and SecondaryStatus as DescribeTrainingJob gives them.
std::string_view training_job_status(const Job& job);
std::string secondary_status(const Job& job);

}  // namespace trainyard::job
