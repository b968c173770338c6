#pragma once
/// The job machine: a pure function. No clock, no I/O, no threads. Nothing else moves a phase.

#include "base/clock.hpp"
#include "job/capacity.hpp"
#include "job/job.hpp"

#include <string>
#include <variant>
#include <vector>

namespace trainyard::job {

// ---- events: what happened ----------------------------------------------------------------------

struct Created {};  ///< CreateTrainingJob was accepted
struct Admitted {
  Placement places = {};  ///< of each instance
};  ///< the queue gave it its machines
struct Staged {
  std::vector<std::string> sources;
};  ///< its channels lie ready, in order, at these paths
struct StageFailed {
  std::string reason;
};  ///< FailureReason as is
struct LaunchFailed {
  std::string reason;
};
struct Running {
  std::int64_t attempt, n;
};  ///< the script's first instruction is next
struct Exited {  ///< the script has ended; outputs follow
  std::int64_t attempt, n;
  StopCause cause = StopCause::none;  ///< the agent ended it for this
  std::string failure = {};           ///< FailureReason, "" when it did well
  bool is_interrupted = false;        ///< the agent ended it because it was interrupted
};
struct Finished {  ///< outputs are uploaded, the agent leaves
  std::int64_t attempt, n;
  std::string model_uri;
  std::string failure;  ///< why they could not be, else ""
};
struct InstanceLost {
  std::int64_t attempt, n;
  std::string reason;
};
struct StopRequested {};
struct Interrupted {   ///< its machines are to be free again; it goes on later
  std::string reason;  ///< who wants them by which rule, for people
};
struct WaitedTooLong {};  ///< wait_deadline() may be past

using Event = std::variant<Created, Admitted, Staged, StageFailed, LaunchFailed, Running, Exited,
                           Finished, InstanceLost, StopRequested, Interrupted, WaitedTooLong>;
inline constexpr int event_count = std::variant_size_v<Event>;
/// "Admitted", ...: as stored in the event history.
std::string_view name(const Event& event);

// ---- effects: what is owed ----------------------------------------------------------------------
// Data, kept in rows until done; each is idempotent and carries the attempt it belongs to.

struct Stage {
  std::int64_t attempt;
};  ///< link the channels; answers Staged or StageFailed
struct LaunchInstances {
  std::int64_t attempt;
};  ///< start an agent an instance
struct StopInstances {
  std::int64_t attempt;
};  ///< tell the agents: SIGTERM, grace, SIGKILL, upload
struct InterruptInstances {
  std::int64_t attempt;
};  ///< tell the agents: SIGTERM, grace, SIGKILL, last checkpoints
struct Release {
  std::int64_t attempt;
};  ///< end what is left of it, free its machines; one that is pending waits for others then

using Effect = std::variant<Stage, LaunchInstances, StopInstances, InterruptInstances, Release>;
std::string_view name(const Effect& effect);
std::int64_t attempt_of(const Effect& effect);

struct Decision {
  Job job;
  std::vector<Effect> effects;
};

/// What `event` at `now` makes of `job`. An event that means nothing in this phase, or tells of an
/// older attempt, changes nothing and owes nothing.
Decision step(Job job, const Event& event, Time now);

}  // namespace trainyard::job
