#include "service/engine/job_events.hpp"

#include "base/encoding.hpp"
#include "service/engine/job_codec.hpp"
#include "wire/json.hpp"

namespace trainyard::engine {
namespace {

constexpr std::size_t alarm_bytes_max = 1024, reason_bytes_max = 1024;

bool is_other_status(const job::Job& before, const job::Job& after) {
  return before.transitions.empty() ||
         job::training_job_status(before) != job::training_job_status(after) ||
         job::secondary_status(before) != job::secondary_status(after);
}

// Bounded, however often a job was interrupted: each of its events has one.
std::string payload_of(job::Job job) {
  job.places.clear();
  job.sources.clear();
  job.failure_reason = cut_utf8(job.failure_reason, reason_bytes_max);
  if (job.transitions.size() > transitions_told_max)
    job.transitions.erase(job.transitions.begin(),
                          job.transitions.end() - std::ptrdiff_t(transitions_told_max));
  return encode_job(job);
}

}  // namespace

std::optional<store::OutboxRow> change_event(const store::JobRow& row, const job::Job& before,
                                             const job::Job& after) {
  if (!is_other_status(before, after)) return std::nullopt;
  return store::OutboxRow{0, row.id, row.modified, state_change_type, payload_of(after)};
}

Result<> tell_of_change(store::Txn& txn, const store::JobRow& row, const job::Job& before,
                        const job::Job& after) {
  const auto event = change_event(row, before, after);
  return event ? store::append_to_outbox(txn, *event) : Result<>();
}

Result<> raise_alarm(store::Txn& txn, const std::string& job, Alarm alarm) {
  alarm.message = cut_utf8(alarm.message, alarm_bytes_max);
  return store::append_to_outbox(txn, {0, job, txn.now(), alarm_type, wire::encode(alarm)});
}

}  // namespace trainyard::engine
