#include "world.hpp"

#include <fmt/format.h>

#include <algorithm>

// What docs/SEMANTICS.md promises of jobs, as seen from outside: from rows, events and who lives.

namespace trainyard::simulation {
namespace {

using job::Phase;

// Which status may follow which (SEMANTICS J2, J22, J33).
bool may_follow(const std::string& status, const std::string& next) {
  static const std::map<std::string, std::set<std::string>> after{
      {"", {"Starting"}},
      {"Starting",
       {"Starting", "Downloading", "Stopping", "Stopped", "MaxWaitTimeExceeded", "Failed",
        "Interrupted", "Restarting"}},
      {"Downloading", {"Training", "Uploading", "Stopping", "Failed", "Interrupted", "Restarting"}},
      {"Training", {"Uploading", "Stopping", "Failed", "Interrupted", "Restarting"}},
      {"Stopping", {"Uploading", "Stopped", "Failed", "MaxRuntimeExceeded", "MaxWaitTimeExceeded"}},
      {"Uploading",
       {"Completed", "Failed", "Stopped", "MaxRuntimeExceeded", "MaxWaitTimeExceeded",
        "Restarting"}},
      {"Interrupted", {"Starting", "Stopping", "Stopped", "MaxWaitTimeExceeded", "Uploading"}},
      {"Restarting", {"Starting", "Stopping", "Stopped", "MaxWaitTimeExceeded"}},
  };
  const auto it = after.find(status);
  return it != after.end() && it->second.contains(next);
}

bool holds_machines(const Row& row) {
  const bool owes_release = std::ranges::any_of(
      row.owed, [](const job::Effect& e) { return std::holds_alternative<job::Release>(e); });
  return owes_release || (!job::is_terminal(row.job.phase) && row.job.phase != Phase::pending);
}

}  // namespace

void World::promise(bool holds, const char* number, const std::string& what) {
  if (!holds && !broken_) broken_ = Broken{number, what};
}

void World::check_step(const Row& row, const job::Job& before, const job::Event& event, Time now) {
  const job::Job& job = row.job;
  const auto say = [&](const char* what) {
    return fmt::format("{}: {} ({})", row.id, what, job::name(event));
  };
  if (job::is_terminal(before.phase))
    return promise(job == before, "J3", say("it changed after its end"));
  // The attempt's time is counted when its machines are let go, and never else.
  if (before.attempt_start && !job.attempt_start)
    rows_.at(row.id).training_ms += (now - *before.attempt_start).count();
  promise(job.training_ms == row.training_ms, "J23",
          say("its training time is not that of its attempts"));
  if (job == before) return;
  check_history(row);

  const bool ended = job::is_terminal(job.phase);
  promise(ended == job.ended.has_value(), "J2",
          say("it has ended and has no end, or the other way"));
  promise(job.attempt == before.attempt ||
              (before.phase == Phase::pending && job.attempt == before.attempt + 1),
          "C1", say("an attempt began beside another"));
  promise(job.retries <= std::max(job.terms.retries_max, job.terms.losses_max), "J33",
          say("it was retried too often"));
  if (job.phase == Phase::failed)
    promise(!job.failure_reason.empty(), "J32", say("it failed without a reason"));
  if (job.phase == Phase::completed) {
    promise(job.failure_reason.empty() && job.stop_cause == job::StopCause::none, "J2",
            say("it did not complete"));
    promise(!job.model_uri.empty(), "J3", say("it completed without its model"));
    promise(!row.was_stopped_uploading, "J14",
            say("it was stopped while it uploaded, and completed"));
  }
  const std::string status = job.transitions.empty() ? "" : job.transitions.back().status;
  const bool bounds_waits_alone = job.terms.wait_max && *job.terms.wait_max < *job.terms.run_max;
  if (ended && status == "MaxWaitTimeExceeded")
    promise(!bounds_waits_alone || before.phase == Phase::pending, "J24",
            say("its wait ended it while it ran"));
  if (ended && before.phase == Phase::pending && status == "Stopped" &&
      job.stop_cause == job::StopCause::requested)
    promise(std::holds_alternative<job::StopRequested>(event), "J27", say("nobody had stopped it"));
  if (std::holds_alternative<job::WaitedTooLong>(event)) {
    promise(ended, "J27", say("it waited too long and goes on"));
    const Time since = *before.waiting_since;
    const bool waited = (job.terms.pending_max && now - since >= *job.terms.pending_max) ||
                        (job.terms.wait_max &&
                         (bounds_waits_alone ? now - since : now - job.transitions.front().start) >=
                             *job.terms.wait_max);
    promise(waited, "J27", say("it had not waited too long"));
  }
  if (std::holds_alternative<job::Interrupted>(event))
    promise(!ended && status == "Interrupted", "J22",
            say("an interruption ended it, or was not told"));
  if (std::holds_alternative<job::InstanceLost>(event) && before.phase == Phase::interrupting)
    promise(!ended, "J22", say("its agent died while it left, and it failed"));
  if (ended && before.attempt == 0)
    promise(!job.training_start, "J13", say("it never ran and is billed"));
  if (const auto* exit = std::get_if<job::Exited>(&event); exit && exit->is_interrupted)
    promise(!ended, "J22", say("it ended with an interruption"));
}

// The newest entry; those before were looked at when they came.
void World::check_history(const Row& row) {
  const auto& t = row.job.transitions;
  for (std::size_t n = t.size() < 3 ? 0 : t.size() - 3; n < t.size(); ++n) {
    const std::string before = n == 0 ? "" : t[n - 1].status;
    promise(may_follow(before, t[n].status), "J2",
            fmt::format("{}: {} after {}", row.id, t[n].status, before));
    promise(n == 0 || t[n - 1].end == t[n].start, "J41",
            row.id + ": an entry does not end where the next begins");
    promise(!t[n].end || *t[n].end >= t[n].start, "J41", row.id + ": time went back");
  }
}

// Whoever holds machines by the rows holds no more than there is, and nobody's but its own.
void World::check_holdings() {
  std::map<std::string, job::Room> held;
  std::map<std::string, std::string> who;
  std::set<std::string> gpus;
  std::map<std::pair<std::string, std::string>, std::int64_t> used;
  for (const auto& id : living_) {
    const Row& row = rows_.at(id);
    if (!holds_machines(row)) continue;
    promise(std::int64_t(row.job.places.size()) == row.job.instance_count, "J49",
            id + ": not all instances have a place");
    for (const auto& place : row.job.places) {
      held[place.machine] += job::Room(row.need);
      who[place.machine] +=
          fmt::format(" {} ({:g} cores, {})", id, row.need.cpus, job::name(row.job.phase));
      promise(std::int64_t(place.gpus.size()) == row.need.gpus, "J50",
              id + " has not the GPUs that it asked for");
      for (const auto& gpu : place.gpus)
        promise(gpus.insert(gpu).second, "J50", gpu + " has two jobs, one of them " + id);
    }
    used[{row.user, row.type}] += row.job.instance_count;
    used[{row.user, "*"}] += row.job.instance_count;
  }
  for (const auto& m : machines_)
    promise(job::Room(job::Resources{m.cpus, m.memory_bytes, std::int64_t(m.gpus.size())})
                .holds(held[m.name]),
            "J5", m.name + " holds more than it has:" + who[m.name]);
  for (const auto& [key, count] : used) {
    const auto& [user, type] = key;
    for (const std::string& name : {user, std::string("*")}) {
      const auto quotas = policy_.quotas.find(name);
      if (quotas == policy_.quotas.end() || !quotas->second.contains(type)) continue;
      promise(count <= quotas->second.at(type), "J54",
              user + " holds more than the quota of " + type);
      break;
    }
  }
}

// None of the same user and kind that came earlier waits, and nobody who yielded to it is back
// before it.
void World::check_begin(const job::Begin& begin) {
  const Row& row = rows_.at(begin.id);
  tell(fmt::format("{} is given {} places", begin.id, begin.places.size()));
  const job::Request own = asks(row);
  for (const auto& id : living_) {
    if (id >= begin.id) break;
    const Row& other = rows_.at(id);
    if (other.job.phase != Phase::pending || !queue_->waits(id)) continue;
    const job::Request theirs = asks(other);
    const bool is_alike =
        theirs.user == own.user && theirs.need == own.need && theirs.instances == own.instances &&
        theirs.instance_type == own.instance_type && theirs.is_spot == own.is_spot &&
        theirs.run_max <= own.run_max && other.told_priority == row.told_priority;
    // What one's own limit has become while it waited, the queue does not know.
    if (!is_alike || other.job.terms.wait_max || row.job.terms.wait_max) continue;
    promise(queue_->has_claim(id), "J5", fmt::format("{} begins before {}", begin.id, id));
  }
}

void World::check_end() {
  for (const auto& [id, row] : rows_) {
    promise(job::is_terminal(row.job.phase), "J1", id + " never ended");
    promise(row.owed.empty(), "C1", id + " still owes something");
  }
  promise(queue_->is_idle(), "J5", "somebody waits in the queue whose job has ended");
  for (std::size_t n = 0; n < machines_.size(); ++n)
    promise(queue_->capacity().free().at(n) == queue_->capacity().total(n), "J5",
            queue_->capacity().name(n) + " is not free in the end");
}

}  // namespace trainyard::simulation
