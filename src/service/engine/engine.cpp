#include "service/engine/engine.hpp"

#include "base/id.hpp"
#include "base/log.hpp"
#include "service/engine/job_codec.hpp"
#include "service/engine/job_events.hpp"

#include <algorithm>

namespace trainyard::engine {
namespace {

Result<store::JobRow> must_find(store::Snapshot& s, const std::string& id) {
  auto row = TRY(store::find_job(s, id));
  if (!row)
    return fail(ErrorKind::not_found, "ValidationException", "Requested resource not found.");
  return std::move(*row);
}

std::string job_of(const std::string& instance) {
  return instance.substr(0, instance.find('.'));
}

}  // namespace

std::string instance_id(const std::string& job, std::int64_t attempt, std::int64_t n) {
  return job + "." + std::to_string(attempt) + "." + std::to_string(n);
}

Engine::Engine(store::Control& control, store::Readers& readers, fleet::Fleet& fleet, Pool& pool,
               World world)
    : control_(control), readers_(readers), fleet_(fleet), pool_(pool), world_(std::move(world)),
      queue_(world_.machines, world_.policy) {
  fleet_.on_gone([this](const std::string& id) { look_at_gone(id); });
}

// ---- events

Result<> Engine::create(store::Txn& txn, store::JobRow row, job::Job job) {
  const job::Event event = job::Created{};
  job = job::step(std::move(job), event, txn.now()).job;
  row.seq = 1;
  row.created = row.modified = txn.now();
  show_in_row(job, row);
  TRY(store::insert_job(txn, row));
  TRY(tell_of_change(txn, row, {}, job));
  return store::append_event(txn, row.id, row.seq, job::name(event), encode_event(event));
}

Result<job::Job> Engine::apply(store::Txn& txn, const std::string& id, const job::Event& event) {
  store::JobRow row = TRY(must_find(txn, id));
  const job::Job before = TRY(decode_job(row.state));
  // Never less than the job's last event, whatever the clock says.
  const Time now = std::max(txn.now(), row.modified);
  auto [job, effects] = job::step(before, event, now);
  const bool same = effects.empty() && encode_job(job) == row.state;
  if (same) return job;
  row.seq += 1;
  row.modified = now;
  show_in_row(job, row);
  TRY(store::update_job(txn, row));
  TRY(tell_of_change(txn, row, before, job));
  TRY(store::append_event(txn, id, row.seq, job::name(event), encode_event(event)));
  for (const auto& effect : effects)
    TRY(store::owe_effect(txn, id, job::name(effect), job::attempt_of(effect)));
  return job;
}

// ---- agents

fleet::AgentSessions::Callbacks Engine::session_callbacks() {
  return {
      [this](const std::string& id, const std::string& token) -> Result<bool> {
        const auto row =
            TRY(readers_.read([&](store::Snapshot& s) { return store::find_instance(s, id); }));
        return row && row->token == token;
      },
      [this](const std::string& id) { on_connected(id); },
      [this](const std::string& id, wire::Report report) { on_report(id, std::move(report)); },
  };
}

// What an agent must be told is derived from the rows, so nothing told to an absent agent is lost.
void Engine::on_connected(const std::string& id) {
  const auto told = readers_.read([&](store::Snapshot& s) -> Result<const char*> {
    const auto instance = TRY(store::find_instance(s, id));
    const auto row = TRY(must_find(s, job_of(id)));
    const auto job = TRY(decode_job(row.state));
    if (!instance || instance->attempt != job.attempt || job::is_terminal(job.phase) ||
        job.phase == job::Phase::pending)
      return "Fenced";
    if (job.phase == job::Phase::interrupting) return "Interrupt";
    return job.phase == job::Phase::stopping ? "Stop" : "";
  });
  if (!told) return sessions_->close(id);  // asked again when it redials
  if (**told != '\0') sessions_->command(id, {*told, 0});
}

void Engine::on_report(const std::string& id, wire::Report report) {
  const std::int64_t number = report.Number;
  control_.submit([this, id, report = std::move(report)](
                      store::Txn& txn) { return take_report(txn, id, report); },
                  [this, id, number](const Result<>& done) {
                    if (!done) {  // not acknowledged: it is sent again when the agent redials
                      log::error("a report was not taken",
                                 {{"instance", id}, {"error", done.error().message}});
                      return sessions_->close(id);
                    }
                    sessions_->acknowledge(id, number);
                    wake(job_of(id));
                  });
}

Result<> Engine::take_report(store::Txn& txn, const std::string& id, const wire::Report& report) {
  const auto instance = TRY(store::find_instance(txn, id));
  if (!instance || report.Number <= instance->last_report) return {};  // known already
  if (report.Number != instance->last_report + 1)
    return fail(ErrorKind::conflict, "InternalFailure", "a report before this one is missing");
  TRY(store::set_last_report(txn, id, report.Number));
  const auto [attempt, n] = std::pair(instance->attempt, instance->n);
  if (report.Kind == "Running") TRY(apply(txn, instance->job, job::Running{attempt, n}));
  if (report.Kind == "Exited") {
    const auto cause = report.Cause == "max_runtime" ? job::StopCause::max_runtime
                       : report.Cause == "requested" ? job::StopCause::requested
                                                     : job::StopCause::none;
    const bool is_interrupted = report.Cause == "interrupted";
    TRY(apply(txn, instance->job, job::Exited{attempt, n, cause, report.Failure, is_interrupted}));
  }
  if (report.Kind == "Finished")
    TRY(apply(txn, instance->job, job::Finished{attempt, n, report.ModelUri, report.Failure}));
  return {};
}

void Engine::look_at_gone(const std::string& id) {
  const auto again = [this, id] { world_.after(retry_after, [this, id] { look_at_gone(id); }); };
  const bool posted = pool_.post([this, id, again] {
    const auto settled = settle_gone(id);
    if (settled) return;
    log::error("an agent's end could not be settled; it is tried again",
               {{"instance", id}, {"error", settled.error().message}});
    again();
  });
  if (!posted) again();
}

// An agent is dead: hear what it had told durably; if that was not its end, the instance is lost.
Result<> Engine::settle_gone(const std::string& id) {
  if (TRY(fleet_.adopt(id))) return {};  // another lives in its place
  const auto heard = fleet_.reports(id);
  // A damaged file is the end of its own job only.
  const bool is_damaged = !heard && heard.error().kind == ErrorKind::invalid;
  if (!heard && !is_damaged) return Failure(heard.error());
  const auto reports = heard.value_or(std::vector<wire::Report>());
  const std::string reason =
      is_damaged ? heard.error().message : "it was killed or the machine restarted";
  const bool is_lost = reports.empty() || reports.back().Kind != "Finished";
  TRY(control_.submit_and_wait([&](store::Txn& txn) -> Result<> {
    const auto instance = TRY(store::find_instance(txn, id));
    for (std::size_t i = 0; instance && i < reports.size(); ++i)
      TRY(take_report(txn, id, reports[i]));
    return {};
  }));
  if (!is_lost) return wake(job_of(id)), Result<>();
  // What its sandbox still has of the script's output comes into the log before the job has ended.
  if (const auto removed = fleet_.remove(id); !removed)
    log::warn("left-overs stay for now", {{"instance", id}, {"error", removed.error().message}});
  TRY(control_.submit_and_wait([&](store::Txn& txn) -> Result<> {
    const auto instance = TRY(store::find_instance(txn, id));
    if (!instance) return {};
    TRY(apply(txn, instance->job,
              job::InstanceLost{instance->attempt, instance->n,
                                "the agent of algo-" + std::to_string(instance->n + 1) +
                                    " ended without a report: " + reason}));
    return {};
  }));
  wake(job_of(id));
  return {};
}

std::string Engine::doing(const std::string& id, const job::Job& job) const {
  if (job.phase != job::Phase::launching) return "";
  return sessions_->doing(instance_id(id, job.attempt, 0));
}

// ---- recovery

Result<> Engine::recover() {
  const auto rows =
      TRY(readers_.read([](store::Snapshot& s) { return store::unfinished_jobs(s); }));
  TRY(recover_shares());
  const auto owing = TRY(readers_.read([](store::Snapshot& s) { return store::jobs_owed(s); }));
  const std::set<std::string> owed(owing.begin(), owing.end());
  std::set<std::string> known;
  for (const auto& row : rows) {
    known.insert(row.id);
    const auto job = TRY(decode_job(row.state));
    recover_place(row, job, owed.contains(row.id));
    if (job.phase != job::Phase::pending) TRY(recover_job(row, job));
  }
  for (const auto& id : owed) {
    if (known.insert(id).second) TRY(recover_ended(id));
    wake(id);
  }
  for (const auto& id : TRY(fleet_.list()))
    if (!known.contains(job_of(id)))
      if (const auto r = fleet_.remove(id); !r)
        log::warn("left-overs stay", {{"instance", id}, {"error", r.error().message}});
  admit();
  return {};
}

Result<> Engine::recover_job(const store::JobRow& row, const job::Job& job) {
  const auto owed =
      TRY(readers_.read([&](store::Snapshot& s) { return store::next_effect(s, row.id); }));
  const auto instances =
      TRY(readers_.read([&](store::Snapshot& s) { return store::instances_of(s, row.id); }));
  for (const auto& instance : instances) {
    if (instance.attempt != job.attempt || TRY(fleet_.adopt(instance.id))) continue;
    // Where the launch is owed it is run again, and looks by itself whether it was.
    const bool is_launched = !owed || owed->kind != name(job::Effect(job::LaunchInstances{}));
    if (is_launched || job.instances[std::size_t(instance.n)] != job::InstanceStage::launched)
      TRY(settle_gone(instance.id));
  }
  return {};
}

}  // namespace trainyard::engine
