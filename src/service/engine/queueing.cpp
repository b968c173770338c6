#include "base/log.hpp"
#include "service/engine/engine.hpp"
#include "service/engine/job_codec.hpp"
#include "service/engine/why_waits.hpp"

#include <fmt/format.h>

// The engine's side of the queue: who comes, who begins, who yields, who waits too long.

namespace trainyard::engine {
namespace {

// A job without an end is one that ends in a century.
constexpr Millis forever{100ll * 365 * 86'400'000};

std::string yields_to(const store::JobRow& row) {
  return fmt::format(
      "Interrupted: leaves its machine to {}{}, an on-demand job (of the spot jobs of no "
      "higher priority the newest yield)",
      row.name, row.user.empty() ? "" : " of " + row.user);
}

}  // namespace

void Engine::queue_changed(const std::function<void(job::Queue&)>& change) {
  const std::lock_guard lock(queue_mutex_);
  change(queue_);
}

job::Request Engine::asks(const store::JobRow& row, const job::Job& job) const {
  job::Request out = world_.asks(row);
  out.id = out.order = row.id;
  out.user = row.user;
  out.priority = row.priority;
  out.instances = job.instance_count;
  out.is_spot = job.terms.is_spot;
  out.run_max = job::run_left(job, world_.now()).value_or(forever);
  return out;
}

void Engine::created(const store::JobRow& row, const job::Job& job) {
  queue_changed([request = asks(row, job)](job::Queue& q) { q.add(request); });
  admit();
  if (job.terms.wait_max || job.terms.pending_max) watch_wait(row.id);
}

// Whoever waits too long ends. Asked of the rows when the time has come: by then it may have begun.
void Engine::watch_wait(const std::string& id) {
  const auto job = readers_.read([&](store::Snapshot& s) -> Result<job::Job> {
    const auto row = TRY(store::find_job(s, id));
    return row ? decode_job(row->state) : Result<job::Job>(job::Job{});
  });
  if (job) return watch_wait(id, *job);
  world_.after(retry_after, [this, id] { watch_wait(id); });
}

void Engine::watch_wait(const std::string& id, const job::Job& job) {
  const auto deadline = job::wait_deadline(job);
  if (!deadline) return;
  const Millis left = std::max(Millis(1), *deadline - world_.now());
  world_.after(left, [this, id] { end_wait(id); });
}

void Engine::end_wait(const std::string& id) {
  const auto over = std::make_shared<bool>(false);
  control_.submit(
      [this, id, over](store::Txn& txn) -> Result<> {
        *over = job::is_terminal(TRY(apply(txn, id, job::WaitedTooLong{})).phase);
        return {};
      },
      [this, id, over](const Result<>& done) {
        if (!done) return world_.after(retry_after, [this, id] { end_wait(id); });
        if (*over) return stopped(id);
        watch_wait(id);  // a clock was put back, or it waits for the second time
      });
}

// Nobody tells when that is over: it is looked at again for as long as somebody waits for it.
bool Engine::is_held_up() {
  const std::string why = world_.held_up();
  bool somebody_waits = false;
  queue_changed([&](job::Queue& q) {
    somebody_waits = !q.is_idle();
    held_up_ = somebody_waits ? why : "";
  });
  if (somebody_waits && !why.empty()) look_again();
  return !why.empty();
}

// One look at a time is on its way.
void Engine::look_again() {
  bool begins = false;
  queue_changed([&](job::Queue&) { begins = !std::exchange(looks_again_, true); });
  if (!begins) return;
  world_.after(retry_after, [this] {
    queue_changed([this](job::Queue&) { looks_again_ = false; });
    if (!pool_.post([this] { admit(); })) look_again();
  });
}

// Whoever fits begins. The driver is asked first where somebody wants GPUs: what others do with
// them it tells nobody, so it is asked again for as long as that is what a job waits for.
void Engine::admit() {
  if (is_held_up()) return;
  bool has_gpus = false, begins = false;
  queue_changed([&](job::Queue& q) {
    has_gpus = q.capacity().total().gpus > 0 && q.asks_for_gpus();
    begins = has_gpus && !std::exchange(asks_driver_, true);
  });
  if (!has_gpus) return decide();
  if (begins && !pool_.post([this] { ask_driver(); })) {
    queue_changed([this](job::Queue&) { asks_driver_ = false; });
    world_.after(retry_after, [this] { admit(); });
  }
}

void Engine::ask_driver() {
  queue_changed([this](job::Queue&) { asks_driver_ = false; });  // who comes from now on asks again
  auto others = world_.others();
  const bool are_used = !others.empty();
  queue_changed([&](job::Queue& q) { q.use_by_others(std::move(others)); });
  decide();
  bool is_waiting = false;
  queue_changed([&](job::Queue& q) { is_waiting = q.asks_for_gpus(); });
  if (are_used && is_waiting) look_again();
}

// Whoever fits begins, and whoever is in the way of others yields.
void Engine::decide() {
  job::Decisions decisions;
  queue_changed([&](job::Queue& q) { decisions = q.decide(world_.now()); });
  for (auto& yield : decisions.yield)
    this->yield(yield);
  for (auto& begin : decisions.begin)
    this->begin(begin);
}

// A job that was given its machines keeps them until that is written.
void Engine::begin(const job::Begin& given) {
  const auto over = std::make_shared<bool>(false);
  control_.submit(
      [this, given, over](store::Txn& txn) -> Result<> {
        const auto job = TRY(apply(txn, given.id, job::Admitted{given.places}));
        *over = job::is_terminal(job.phase);
        return {};
      },
      [this, given, over](const Result<>& done) {
        if (!done) {
          log::error("a job could not be admitted; it is tried again",
                     {{"job", given.id}, {"error", done.error().message}});
          return world_.after(retry_after, [this, given] { begin(given); });
        }
        if (*over) {  // it was stopped while it was on its way: what it was given is free again
          queue_changed([&](job::Queue& q) { q.remove(given.id, world_.now()); });
          admit();
        }
        wake(given.id);
      });
}

// The machine knows what an interruption means in each phase: one that ends anyway goes on to.
void Engine::yield(const job::Yield& yield) {
  control_.submit(
      [this, yield](store::Txn& txn) -> Result<> {
        const auto to = TRY(store::find_job(txn, yield.to));
        const std::string reason = to ? yields_to(*to) : "Interrupted";
        TRY(apply(txn, yield.id, job::Interrupted{reason}));
        return {};
      },
      [this, yield](const Result<>& done) {
        if (done) return wake(yield.id);
        log::error("a job could not be interrupted; it is tried again",
                   {{"job", yield.id}, {"error", done.error().message}});
        world_.after(retry_after, [this, yield] { this->yield(yield); });
      });
}

void Engine::interrupted(const std::string& id) {
  queue_changed([&](job::Queue& q) { q.leave(id); });
  admit();
  wake(id);
}

void Engine::stopped(const std::string& id) {
  bool waited = false;
  queue_changed([&](job::Queue& q) { waited = q.forget(id, world_.now()); });
  if (waited) admit();
  wake(id);
}

void Engine::set_priority(const std::string& id, std::int64_t priority) {
  queue_changed([&](job::Queue& q) { q.set_priority(id, priority); });
  admit();
}

std::optional<job::QuotaUse> Engine::over_quota(const store::JobRow& row, const job::Job& job) {
  if (world_.policy.quotas.empty()) return std::nullopt;  // without a look into the request
  const job::Request request = asks(row, job);
  const std::lock_guard lock(queue_mutex_);
  return queue_.over_quota(request);
}

// ---- what is told

bool Engine::waits(const std::string& id) {
  const std::lock_guard lock(queue_mutex_);
  return queue_.waits(id);
}

std::vector<std::string> Engine::waiting(std::size_t limit) {
  const std::lock_guard lock(queue_mutex_);
  return queue_.order(world_.now(), limit);
}

std::string Engine::why(store::Snapshot& s, const std::string& id) {
  std::optional<job::Why> why;
  {
    const std::lock_guard lock(queue_mutex_);
    why = queue_.why(id, world_.now());
    if (why && !held_up_.empty()) return held_up_;
  }
  if (!why) return "";
  return why_waits(*why, [&](const std::string& job) -> std::optional<JobName> {
    const auto row = store::find_job(s, job);
    if (!row || !*row) return std::nullopt;
    return JobName{(*row)->name, (*row)->user};
  });
}

// ---- recovery

// What each user had within the last days; what is older counts next to nothing.
Result<> Engine::recover_shares() {
  const Time now = world_.now();
  const auto ended = TRY(readers_.read([&](store::Snapshot& s) {
    return store::jobs_ended_since(s, now - share_memory, shares_of_jobs_max);
  }));
  for (const auto& row : ended) {
    const auto job = TRY(decode_job(row.state));
    if (job.training_ms == 0) continue;
    const Time till = job.training_end.value_or(*row.ended);
    queue_changed(
        [&](job::Queue& q) { q.held(asks(row, job), till - Millis(job.training_ms), till, now); });
  }
  return {};
}

// One that has ended and is not released yet holds its machines until it is.
Result<> Engine::recover_ended(const std::string& id) {
  const auto row = TRY(readers_.read([&](store::Snapshot& s) { return store::find_job(s, id); }));
  if (row) recover_place(*row, TRY(decode_job(row->state)), true);
  return {};
}

void Engine::recover_place(const store::JobRow& row, const job::Job& job, bool is_owed) {
  const bool is_pending = job.phase == job::Phase::pending;
  if (is_pending) watch_wait(row.id, job);
  queue_changed([&](job::Queue& q) {
    if (is_pending && !is_owed) return q.add(asks(row, job));
    // One that was interrupted holds its machines until they are released.
    job::Placement places = job.places;
    if (places.empty())  // begun by a program that did not write them yet
      places.assign(std::size_t(job.instance_count), {q.capacity().name(0), {}});
    const Time now = world_.now();
    q.hold(asks(row, job), std::move(places), job.attempt_start.value_or(row.modified), now);
    const bool is_leaving =
        is_pending || job::is_terminal(job.phase) || job.phase == job::Phase::interrupting;
    if (is_leaving) q.leave(row.id);
  });
}

}  // namespace trainyard::engine
