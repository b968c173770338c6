#include "base/id.hpp"
#include "base/log.hpp"
#include "service/engine/engine.hpp"
#include "service/engine/job_codec.hpp"

// One function an effect, named as in the machine. Each may be run again at any time: after a
// crash, or because its outcome could not be written.

namespace trainyard::engine {
namespace {

// The service's front words of a FailureReason: whose fault it is.
std::string failure_reason(const Error& error) {
  const bool theirs = error.kind == ErrorKind::invalid || error.kind == ErrorKind::not_found;
  const char* front = error.code == capacity_error ? "CapacityError: "
                      : theirs                     ? "ClientError: "
                                                   : "InternalServerError: ";
  return front + error.message;
}

}  // namespace

void Engine::wake(const std::string& id) {
  if (world_.changed) world_.changed(id);
  {
    const std::lock_guard lock(owed_mutex_);
    if (!running_.insert(id).second) {
      again_.insert(id);
      return;
    }
  }
  if (pool_.post([this, id] { run_owed(id); })) return;
  {
    const std::lock_guard lock(owed_mutex_);
    running_.erase(id);
  }
  world_.after(retry_after, [this, id] { wake(id); });  // the pool is flooded, or stopping
}

void Engine::run_owed(const std::string& id) {
  for (;;) {
    const auto effect =
        readers_.read([&](store::Snapshot& s) { return store::next_effect(s, id); });
    if (!effect) log::error("what is owed could not be read", {{"error", effect.error().message}});
    const bool owed = !effect || *effect;
    const bool is_done = effect && *effect && run_one(**effect);
    // The next one takes its turn: where the service stops none begins.
    if (is_done && pool_.post([this, id] { run_owed(id); })) return;
    if (owed) world_.after(retry_after, [this, id] { wake(id); });
    const std::lock_guard lock(owed_mutex_);
    if (again_.erase(id) > 0) continue;
    running_.erase(id);
    return;
  }
}

// True when the effect is settled, with its event, in one transaction.
bool Engine::run_one(const store::EffectRow& effect) {
  const auto outcome = [&]() -> Result<EffectOutcome> {
    const auto row =
        TRY(readers_.read([&](store::Snapshot& s) { return store::find_job(s, effect.job); }));
    if (!row) return EffectOutcome{};
    return run_effect(effect, *row, TRY(decode_job(row->state)));
  }();
  if (!outcome) {
    log::error("an effect failed; it stays owed",
               {{"job", effect.job}, {"effect", effect.kind}, {"error", outcome.error().message}});
    return false;
  }
  const bool is_release = effect.kind == "Release";
  const auto settled = control_.submit_and_wait([&](store::Txn& txn) -> Result<> {
    if (outcome->event) TRY(apply(txn, effect.job, *outcome->event));
    return store::settle_effect(txn, effect.id);
  });
  if (!settled) {
    log::error("an effect's outcome could not be written", {{"error", settled.error().message}});
    return false;
  }
  if (world_.changed) world_.changed(effect.job);
  if (is_release) released(effect.job);
  return true;
}

// What the job held is free. One that was interrupted waits for others, at its old place in line.
void Engine::released(const std::string& id) {
  queue_changed([&](job::Queue& q) { q.remove(id, world_.now()); });
  const auto row = readers_.read([&](store::Snapshot& s) { return store::find_job(s, id); });
  const auto job = row && *row ? decode_job((*row)->state) : Result<job::Job>(job::Job{});
  if (!row || !job) return world_.after(retry_after, [this, id] { released(id); });
  if (*row && job->phase == job::Phase::pending) return created(**row, *job);
  admit();
}

Result<Engine::EffectOutcome> Engine::run_effect(const store::EffectRow& effect,
                                                 const store::JobRow& row, const job::Job& job) {
  // An effect of an attempt that is over owes nothing more, but for freeing what it held.
  if (effect.kind == "Release") return release(row);
  const bool is_over = job::is_terminal(job.phase) || job.phase == job::Phase::pending;
  if (effect.attempt != job.attempt || is_over) return EffectOutcome{};
  if (effect.kind == "Stage") return stage(row);
  if (effect.kind == "LaunchInstances") return launch_instances(row, job);
  if (effect.kind == "StopInstances") return tell_instances(row, "Stop");
  if (effect.kind == "InterruptInstances") return tell_instances(row, "Interrupt");
  return fail_internal("run effect " + effect.kind + ": not known to this program");
}

Result<Engine::EffectOutcome> Engine::stage(const store::JobRow& row) {
  auto sources = world_.stage(row);
  if (sources) return EffectOutcome{job::Staged{std::move(*sources)}};
  return EffectOutcome{job::StageFailed{failure_reason(sources.error())}};
}

Result<Engine::EffectOutcome> Engine::launch_instances(const store::JobRow& row,
                                                       const job::Job& job) {
  for (std::int64_t n = 0; n < job.instance_count; ++n) {
    if (job.instances[std::size_t(n)] != job::InstanceStage::launched) continue;  // it has told
    auto spec = world_.spec(row, job, n);
    if (!spec) return EffectOutcome{job::LaunchFailed{failure_reason(spec.error())}};
    // The token lives in the row before an agent can present it; a repeated launch finds its first
    // one.
    const store::InstanceRow wanted{spec->Id, row.id, random_hex(32), job.attempt, n, 0};
    spec->Token = TRY(control_.submit_and_wait([&](store::Txn& txn) -> Result<std::string> {
      TRY(store::insert_instance(txn, wanted));
      const std::string stream =
          row.name + "/" + spec->CurrentHost + "-" +
          std::to_string(to_ms(job.training_start.value_or(txn.now())) / 1000);
      TRY(store::insert_log_stream(txn, {row.id, row.region, stream, spec->Id, txn.now()}));
      return TRY(store::find_instance(txn, spec->Id))->token;
    }));
    const bool is_to_end =
        job.phase == job::Phase::stopping || job.phase == job::Phase::interrupting;
    if (is_to_end && !TRY(fleet_.adopt(spec->Id)) && !TRY(fleet_.has_told(spec->Id)))
      return EffectOutcome{job::LaunchFailed{"it was stopped before"}};
    TRY(fleet_.launch(*spec));
  }
  return EffectOutcome{};
}

Result<Engine::EffectOutcome> Engine::tell_instances(const store::JobRow& row,
                                                     const char* command) {
  const auto instances =
      TRY(readers_.read([&](store::Snapshot& s) { return store::instances_of(s, row.id); }));
  for (const auto& instance : instances)
    sessions_->command(instance.id, {command, 0});
  return EffectOutcome{};
}

Result<Engine::EffectOutcome> Engine::release(const store::JobRow& row) {
  const auto instances =
      TRY(readers_.read([&](store::Snapshot& s) { return store::instances_of(s, row.id); }));
  for (const auto& instance : instances)
    TRY(fleet_.remove(instance.id));
  return EffectOutcome{};
}

}  // namespace trainyard::engine
