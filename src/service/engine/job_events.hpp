#pragma once
/// What is told to others of a job: rows of the outbox, written in the transaction of what they
/// tell. service/events makes of them what is sent.

#include "base/result.hpp"
#include "job/job.hpp"
#include "service/store/jobs.hpp"
#include "service/store/outbox.hpp"

#include <optional>
#include <string>

namespace trainyard::engine {

/// detail-type of an event: the service's own, whose payload is the job's state as job_codec.hpp
/// writes it, with its last transitions alone and without what no event shows.
inline constexpr const char* state_change_type = "SageMaker Training Job State Change";
/// Of one that is ours; its payload is an Alarm as JSON.
inline constexpr const char* alarm_type = "Trainyard Job Alarm";
/// So many of a job's transitions an event shows at most, the last ones.
inline constexpr std::size_t transitions_told_max = 50;

/// The event of a step from `before` to `after`, as `row` shows the job now; nothing where neither
/// TrainingJobStatus nor SecondaryStatus changed. A job that is new comes from Job{}.
std::optional<store::OutboxRow> change_event(const store::JobRow& row, const job::Job& before,
                                             const job::Job& after);
/// Writes it.
Result<> tell_of_change(store::Txn& txn, const store::JobRow& row, const job::Job& before,
                        const job::Job& after);

/// Something that people want to know of a job and that no status tells.
struct Alarm {
  std::string name;     ///< for programs: "CheckpointStall"
  std::string message;  ///< a sentence for people, cut to 1,024 bytes
};
template <class V> void fields(V& v, Alarm& a) {
  v("Alarm", a.name);
  v("Message", a.message);
}
/// Tells of an alarm of the job with that id, whatever its state.
Result<> raise_alarm(store::Txn& txn, const std::string& job, Alarm alarm);

}  // namespace trainyard::engine
