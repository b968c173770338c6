#include "world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace trainyard::simulation {
namespace {

using job::Phase;

constexpr std::uint64_t gib = 1u << 30;

job::Machine machine(const std::string& name, double cpus, int gpus) {
  job::Machine out{name, cpus, std::uint64_t(cpus) * 4 * gib, {}};
  for (int n = 0; n < gpus; ++n)
    out.gpus.push_back(fmt::format("{}/{}", name, n));
  return out;
}

bool is_over(const job::Job& job) {
  return job::is_terminal(job.phase) || job.phase == Phase::pending;
}

}  // namespace

World::World(std::uint64_t seed, std::function<void(const std::string&)> story)
    : random_(seed), story_(std::move(story)) {
  const auto count = 1 + below(12);
  for (std::uint64_t n = 0; n < count; ++n)
    machines_.push_back(machine(fmt::format("m{}", n), double(2 + below(15)), int(below(3)) * 2));
  if (one_in(2)) policy_.shares = {{"ann", 2}};
  if (one_in(3)) policy_.quotas = {{"*", {{"*", 3}}}, {"ben", {{"small", 2}}}};
  queue_ = std::make_unique<job::Queue>(machines_, policy_);
}

// ---- people

void World::create() {
  Row row;
  row.id = fmt::format("{:06}", ++made_);
  row.user = std::array{"ann", "ben", "cid"}[below(3)];
  const bool is_large = one_in(5);
  row.type = is_large ? "large" : "small";
  row.need = {double(is_large ? 2 + below(8) : 1 + below(2)), (1 + below(8)) * gib,
              one_in(4) ? 1 : 0};
  if (one_in(8)) row.priority = std::int64_t(below(3)) - 1;
  row.job.instance_count = one_in(6) ? 2 : 1;
  auto& terms = row.job.terms;
  terms.is_spot = one_in(2);
  terms.run_max = Millis(60'000 * (1 + below(300)));
  if (terms.is_spot && one_in(2)) terms.wait_max = *terms.run_max + Millis(60'000 * below(600));
  if (terms.is_spot && one_in(6)) terms.wait_max = Millis(60'000 * (1 + below(30)));
  if (one_in(10)) terms.pending_max = Millis(60'000 * (30 + below(600)));
  if (one_in(4)) terms.retries_max = 1 + std::int64_t(below(3));
  if (one_in(3)) terms.losses_max = 1 + std::int64_t(below(2));
  const auto request = asks(row);
  if (!queue_->is_possible(request)) return;  // it would wait for ever
  if (const auto over = queue_->over_quota(request); over && request.instances > over->limit)
    return;
  const std::string id = row.id;
  row.modified = clock_;
  row.job = job::step(row.job, job::Created{}, clock_).job;
  rows_.emplace(id, row);
  living_.push_back(id);
  tell(fmt::format("{} created by {}: {} x {:g} cores, {} GPUs{}", id, row.user,
                   row.job.instance_count, row.need.cpus, row.need.gpus,
                   terms.is_spot ? ", spot" : ""));
  later([this, id] {
    if (rows_.at(id).job.phase == Phase::pending) enter(rows_.at(id));
    admit();
  });
}

void World::stop() {
  if (living_.empty()) return;
  const std::string id = any(living_);
  if (job::is_terminal(rows_.at(id).job.phase)) return;
  if (rows_.at(id).job.phase == Phase::uploading) rows_.at(id).was_stopped_uploading = true;
  apply(id, job::StopRequested{});
  later([this, id] {
    if (queue_->forget(id, clock_)) admit();
    run_owed(id);
  });
}

void World::interrupt() {
  if (living_.empty()) return;
  const std::string id = any(living_);
  const auto& job = rows_.at(id).job;
  const bool may_be =
      job.phase == Phase::staging || job.phase == Phase::launching || job.phase == Phase::training;
  if (!job.terms.is_spot || !may_be) return;
  apply(id, job::Interrupted{"a drill"});
  later([this, id] {
    queue_->leave(id);
    admit();
    run_owed(id);
  });
}

void World::set_priority() {
  if (living_.empty()) return;
  Row& row = rows_.at(any(living_));
  row.priority = std::int64_t(below(3)) - 1;
  tell(fmt::format("{} has priority {} now", row.id, row.priority));
  later([this, id = row.id, priority = row.priority] {
    if (queue_->set_priority(id, priority)) rows_.at(id).told_priority = priority;
    admit();
  });
}

// ---- the service

job::Request World::asks(const Row& row) const {
  return {row.id,
          row.id,
          row.user,
          row.type,
          row.need,
          row.job.instance_count,
          row.priority,
          row.job.terms.is_spot,
          job::run_left(row.job, clock_).value_or(Millis(1ll << 40))};
}

void World::forget_ended(const Row& row) {
  if (job::is_terminal(row.job.phase) && row.owed.empty()) std::erase(living_, row.id);
}

job::Job& World::apply(const std::string& id, const job::Event& event) {
  Row& row = rows_.at(id);
  const job::Job before = row.job;
  const Time now = std::max(clock_, row.modified);
  auto [job, effects] = job::step(row.job, event, now);
  row.job = std::move(job);
  if (row.job != before) row.modified = now;
  for (auto& effect : effects)
    row.owed.push_back(effect);
  tell(fmt::format("{} {} -> {}{}", id, job::name(event), job::name(row.job.phase),
                   row.job == before ? " (nothing)" : ""));
  check_step(row, before, event, now);
  forget_ended(row);
  if (!effects.empty()) later([this, id] { run_owed(id); });
  return row.job;
}

// What comes next is any of what is to be done: threads have no order.
void World::work() {
  if (tasks_.empty()) return;
  const auto at = below(tasks_.size());
  const Task task = std::move(tasks_[at]);
  tasks_[at] = std::move(tasks_.back());
  tasks_.pop_back();
  task();
}

void World::crash() {
  tell("the service crashes");
  tasks_.clear();
  queue_ = std::make_unique<job::Queue>(machines_, policy_);
  recover();
}

// As Engine::recover().
void World::recover() {
  for (const auto& id : living_) {
    Row& row = rows_.at(id);
    const bool is_pending = row.job.phase == Phase::pending;
    if (!job::is_terminal(row.job.phase)) {
      if (is_pending && row.owed.empty()) {
        enter(row);
      } else {
        row.told_priority = row.priority;
        queue_->hold(asks(row), row.job.places, row.job.attempt_start.value_or(row.modified),
                     clock_);
        if (is_pending || row.job.phase == Phase::interrupting) queue_->leave(id);
      }
    } else if (!row.owed.empty()) {
      queue_->hold(asks(row), row.job.places, row.modified, clock_);
      queue_->leave(id);
    }
    if (!row.owed.empty()) later([this, id] { run_owed(id); });
  }
  admit();
}

void World::admit() {
  std::set<std::string> claimed;  // they were given their machines before
  for (const auto& id : living_)
    if (queue_->has_claim(id)) claimed.insert(id);
  const auto decisions = queue_->decide(clock_);
  for (const auto& y : decisions.yield) {
    const Row &who = rows_.at(y.id), &to = rows_.at(y.to);
    tell(fmt::format("{} yields to {}", y.id, y.to));
    const bool may_ask = !to.job.terms.is_spot && to.told_priority >= who.told_priority;
    promise(who.job.terms.is_spot && may_ask, "J55", y.id + " yields to " + y.to);
    later([this, y] { yield(y); });
  }
  for (const auto& b : decisions.begin) {
    if (!claimed.contains(b.id)) check_begin(b);
    later([this, b] { begin(b); });
  }
}

void World::begin(const job::Begin& given) {
  const auto& job = apply(given.id, job::Admitted{given.places});
  if (job::is_terminal(job.phase)) {
    queue_->remove(given.id, clock_);
    admit();
  }
  check_holdings();
}

void World::yield(const job::Yield& yield) {
  apply(yield.id, job::Interrupted{"yields to " + yield.to});
}

void World::run_owed(const std::string& id) {
  Row& row = rows_.at(id);
  if (row.owed.empty()) return;
  const job::Effect effect = row.owed.front();
  std::optional<job::Event> event;
  if (!run_effect(row, effect, event)) return later([this, id] { run_owed(id); });  // tried again
  if (!is_calm_ && one_in(40)) return crash();  // done, and not written
  row.owed.pop_front();
  forget_ended(row);
  if (event) apply(id, *event);
  if (std::holds_alternative<job::Release>(effect)) later([this, id] { released(id); });
  if (!rows_.at(id).owed.empty()) later([this, id] { run_owed(id); });
}

bool World::run_effect(Row& row, const job::Effect& effect, std::optional<job::Event>& event) {
  if (std::holds_alternative<job::Release>(effect)) {
    if (!is_calm_ && one_in(20)) return false;  // a full disk, a busy mount
    std::erase_if(agents_, [&](const Agent& a) { return a.job == row.id; });
    return true;
  }
  const std::int64_t attempt = job::attempt_of(effect);
  if (attempt != row.job.attempt || is_over(row.job)) return true;
  if (std::holds_alternative<job::Stage>(effect)) {
    event = one_in(30)   ? job::Event(job::StageFailed{"ClientError: no such bucket"})
            : one_in(30) ? job::Event(job::StageFailed{"InternalServerError: the disk is full"})
                         : job::Event(job::Staged{{"/data"}});
  } else if (std::holds_alternative<job::LaunchInstances>(effect)) {
    return launch(row, attempt, event);
  } else {
    for (Agent& agent : agents_) {
      if (agent.job != row.id || agent.attempt != attempt) continue;
      if (!is_calm_ && one_in(4)) continue;  // it is not connected just now, and asks when it is
      (std::holds_alternative<job::StopInstances>(effect) ? agent.is_told_to_stop
                                                          : agent.is_told_to_leave) = true;
    }
  }
  return true;
}

bool World::launch(Row& row, std::int64_t attempt, std::optional<job::Event>& event) {
  for (std::int64_t n = 0; n < row.job.instance_count; ++n) {
    if (row.job.instances[std::size_t(n)] != job::InstanceStage::launched) continue;
    const bool is_there = std::ranges::any_of(agents_, [&](const Agent& a) {
      return a.job == row.id && a.attempt == attempt && a.n == n;
    });
    if (is_there) continue;
    const bool is_to_end = row.job.phase == Phase::stopping || row.job.phase == Phase::interrupting;
    if (is_to_end) return event = job::LaunchFailed{"it was stopped before"}, true;
    if (one_in(50)) return event = job::LaunchFailed{"ClientError: no such environment"}, true;
    Agent agent;
    agent.job = row.id;
    agent.attempt = attempt;
    agent.n = n;
    agent.began = boot_;
    agent.run_max =
        job::run_left(row.job, std::max(clock_, row.modified)).value_or(Millis(1ll << 40));
    const bool older_lives = std::ranges::any_of(agents_, [&](const Agent& a) {
      return a.job == row.id && a.attempt != attempt && a.is_alive;
    });
    promise(!older_lives, "C1", row.id + " is launched while an agent of another attempt lives");
    agents_.push_back(std::move(agent));
    if (!is_calm_ && one_in(30))
      return false;  // the other instance is launched when this is run again
  }
  return true;
}

void World::enter(Row& row) {
  const bool waited = queue_->waits(row.id);
  queue_->add(asks(row));
  if (!waited && queue_->waits(row.id)) row.told_priority = row.priority;
}

void World::released(const std::string& id) {
  queue_->remove(id, clock_);
  if (Row& row = rows_.at(id); row.job.phase == Phase::pending) enter(row);
  admit();
}

void World::end_wait(const std::string& id) {
  const Phase before = rows_.at(id).job.phase;
  const auto& job = apply(id, job::WaitedTooLong{});
  if (before != job.phase && job::is_terminal(job.phase))
    later([this, id] {
      if (queue_->forget(id, clock_)) admit();
      run_owed(id);
    });
}

// ---- agents

void World::exit(Agent& agent) {
  const bool is_late = boot_ - agent.began >= agent.run_max;
  job::Exited exited{agent.attempt, agent.n};
  if (agent.is_told_to_stop)
    exited.cause = job::StopCause::requested;
  else if (is_late)
    exited.cause = job::StopCause::max_runtime;
  else if (agent.is_told_to_leave && !one_in(5))
    exited.is_interrupted = true;
  else if (one_in(5))
    exited.failure =
        one_in(2) ? "AlgorithmError: exit code: 1" : "InternalServerError: the sandbox ended";
  agent.reports.emplace_back(exited);
}

void World::agent_goes_on() {
  if (agents_.empty()) return;
  Agent& agent = any(agents_);
  if (!agent.is_alive) return;
  // It redials, and is told what its job's row says.
  const auto& job = rows_.at(agent.job).job;
  if (agent.attempt == job.attempt && job.phase == Phase::stopping) agent.is_told_to_stop = true;
  if (agent.attempt == job.attempt && job.phase == Phase::interrupting)
    agent.is_told_to_leave = true;
  switch (agent.reports.size()) {
  case 0:
    agent.reports.emplace_back(job::Running{agent.attempt, agent.n});
    break;
  case 1:
    if (agent.is_told_to_stop || agent.is_told_to_leave || boot_ - agent.began >= agent.run_max ||
        one_in(3))
      exit(agent);
    break;
  case 2: {
    const bool is_lost = one_in(25);
    agent.reports.emplace_back(
        job::Finished{agent.attempt, agent.n, is_lost ? "" : "s3://b/model.tar.gz",
                      is_lost ? "InternalServerError: outputs could not be stored" : ""});
    break;
  }
  default:
    agent.is_alive = false;  // all is told, or will be
  }
}

// The next report, or one that was taken before. The engine takes each number once; the machine is
// to bear more.
void World::deliver() {
  if (agents_.empty()) return;
  Agent& agent = any(agents_);
  const std::string id = agent.job;
  if (agent.delivered > 0 && one_in(10)) {
    const job::Event again = agent.reports[below(agent.delivered)];
    apply(id, again);
  } else if (agent.delivered < agent.reports.size()) {
    const job::Event next = agent.reports[agent.delivered++];
    apply(id, next);
  }
}

// An agent that is dead: what it had told is heard; if that was not its end it is lost.
void World::look_at_gone() {
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    if (agents_[i].is_alive) continue;
    const Agent agent = agents_[i];
    agents_[i].delivered = agent.reports.size();
    for (std::size_t n = agent.delivered; n < agent.reports.size(); ++n)
      apply(agent.job, agent.reports[n]);
    if (agent.reports.size() < 3)
      apply(agent.job, job::InstanceLost{agent.attempt, agent.n, "it was killed"});
    if (agent.reports.size() >= 3) continue;
    agents_.erase(agents_.begin() + std::ptrdiff_t(i));
    return;
  }
}

void World::die() {
  if (agents_.empty()) return;
  Agent& agent = any(agents_);
  agent.is_alive = false;
  tell(fmt::format("an agent of {} is killed", agent.job));
}

// ---- time

void World::pass_time() {
  const Millis by(1 + below(one_in(10) ? 3'600'000 : 60'000));
  clock_ += by;
  boot_ += by;
  if (!is_calm_ && one_in(30)) {
    clock_ += Millis(std::int64_t(below(7'200'000)) - 3'600'000);
    tell("the clock is set");
  }
  if (living_.empty()) return;
  const std::string id = any(living_);  // timers are late, and some come for nothing
  if (rows_.at(id).job.phase == Phase::pending) later([this, id] { end_wait(id); });
}

std::optional<Broken> World::play(int jobs) {
  std::int64_t steps = 0;
  const std::int64_t steps_max = 4000ll * jobs;
  while (!broken_) {
    is_calm_ = made_ >= jobs;
    if (is_calm_ && living_.empty() && agents_.empty() && tasks_.empty()) break;
    if (is_calm_ && living_.empty()) {
      agents_.clear();
      work();
    }
    if (++steps > steps_max) {
      for (const auto& id : living_)
        tell(fmt::format("{} is {} still, owes {}, waits {}", id, job::name(rows_.at(id).job.phase),
                         rows_.at(id).owed.size(), queue_->waits(id)));
      promise(false, "J1", fmt::format("{} of {} jobs never ended", living_.size(), rows_.size()));
      break;
    }
    const auto what = below(100);
    if (what < 30)
      work();
    else if (what < 45)
      agent_goes_on();
    else if (what < 62)
      deliver();
    else if (what < 70)
      look_at_gone();
    else if (what < 88)
      pass_time();
    else if (is_calm_)
      work();
    else if (what < 94)
      create();
    else if (what < 95)
      stop();
    else if (what < 97)
      interrupt();
    else if (what < 98)
      set_priority();
    else if (what < 99)
      die();
    else if (one_in(5))
      crash();
  }
  if (!broken_) check_end();
  return broken_;
}

}  // namespace trainyard::simulation
