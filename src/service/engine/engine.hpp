#pragma once
/// Moves jobs: one event, one transaction; then runs what is owed. Restarting is nothing else: what
/// is still owed is run again, and what lives is compared with the rows.

#include "base/clock.hpp"
#include "base/pool.hpp"
#include "base/result.hpp"
#include "job/machine.hpp"
#include "job/queue.hpp"
#include "service/fleet/agent_sessions.hpp"
#include "service/fleet/fleet.hpp"
#include "service/store/control.hpp"
#include "service/store/jobs.hpp"

#include <functional>
#include <mutex>
#include <set>
#include <string>

namespace trainyard::engine {

/// Code of an error of stage(): this machine is smaller than what was asked for.
inline constexpr const char* capacity_error = "CapacityError";

/// What the effects need of the world beyond fleet and rows, given by serve.cpp.
struct World {
  std::vector<job::Machine> machines;
  job::QueuePolicy policy;
  /// What the job asks of the machines: what each instance needs, and of which type it is.
  std::function<job::Request(const store::JobRow&)> asks;
  /// Links the job's channels; the paths in order. Blocks.
  std::function<Result<std::vector<std::string>>(const store::JobRow&)> stage;
  /// The spec of instance `n` of the job's current attempt, all but token and paths filled in.
  /// Blocks.
  std::function<Result<wire::InstanceSpec>(const store::JobRow&, const job::Job&, std::int64_t n)>
      spec;
  std::function<Time()> now;
  /// Why no job may begin now, in a sentence; "" when they may. Any thread; quick.
  std::function<std::string()> held_up;
  /// Who uses GPUs without being a job. Blocks: it asks the driver.
  std::function<std::vector<job::ForeignUse>()> others;
  /// Runs a task after a while, on any thread.
  std::function<void(Millis, std::function<void()>)> after;
  /// The job's rows have changed and that is durable. On any thread; must not block.
  std::function<void(const std::string& job)> changed;
};

class Engine {
public:
  Engine(store::Control& control, store::Readers& readers, fleet::Fleet& fleet, Pool& pool,
         World world);

  /// Run once at start, before any request: rebuilds the queue, adopts living agents, hears what
  /// dead ones told, runs what is owed.
  Result<> recover();

  /// In the transaction that makes the job: its first event and row. `row` needs id, account,
  /// region, name, request, environment; an error of kind `conflict` if the name is taken.
  Result<> create(store::Txn& txn, store::JobRow row, job::Job job);
  /// After that transaction is durable: the job enters the queue. On the control thread.
  void created(const store::JobRow& row, const job::Job& job);

  /// Applies one event in the caller's transaction. The job as it is afterwards. Owed effects begin
  /// with wake(), to be called once the transaction is durable.
  Result<job::Job> apply(store::Txn& txn, const std::string& id, const job::Event& event);
  /// Runs what is owed for the job, in order, on the pool. Any thread; cheap when nothing is owed.
  void wake(const std::string& id);

  /// After a stop of the job is durable, or an end of its waiting: one that only waited leaves the
  /// queue. Any thread.
  void stopped(const std::string& id);
  /// After an interruption of the job is durable: others may count on its machines. Any thread.
  void interrupted(const std::string& id);
  /// After a new priority is durable. Any thread.
  void set_priority(const std::string& id, std::int64_t priority);

  /// Callbacks for the agents' connections.
  fleet::AgentSessions::Callbacks session_callbacks();
  void use_sessions(fleet::AgentSessions& sessions) { sessions_ = &sessions; }

  /// Whether a job waits for machines. Any thread; quick.
  bool waits(const std::string& id);
  /// Ids of those that wait, in the order in which they would begin were there room for one at a
  /// time. Any thread.
  std::vector<std::string> waiting(std::size_t limit);
  /// Why a job waits, in one sentence; "" when it does not wait. Any thread.
  std::string why(store::Snapshot& s, const std::string& id);
  /// The quota that a job which is created now would wait for. Any thread.
  std::optional<job::QuotaUse> over_quota(const store::JobRow& row, const job::Job& job);
  /// What its first instance is doing before the script begins, in a few words; "" when it tells of
  /// nothing. Any thread.
  std::string doing(const std::string& id, const job::Job& job) const;

private:
  static constexpr Millis retry_after{2000};  // what could not be done or written is tried again
  static constexpr Millis share_memory{7 * 86'400'000};       // of jobs that ended before the start
  static constexpr std::int64_t shares_of_jobs_max = 10'000;  // the last of them

  struct EffectOutcome {
    std::optional<job::Event> event;  // what came of it
  };
  // Rows and queue, on the control thread.
  void admit();
  bool is_held_up();
  void look_again();
  void ask_driver();
  void decide();
  void begin(const job::Begin& given);
  void yield(const job::Yield& yield);
  job::Request asks(const store::JobRow& row, const job::Job& job) const;
  void watch_wait(const std::string& id);
  void watch_wait(const std::string& id, const job::Job& job);
  void end_wait(const std::string& id);
  void released(const std::string& id);
  void queue_changed(const std::function<void(job::Queue&)>& change);
  // Effects, on the pool.
  void run_owed(const std::string& id);
  bool run_one(const store::EffectRow& effect);
  Result<EffectOutcome> run_effect(const store::EffectRow& effect, const store::JobRow& row,
                                   const job::Job& job);
  Result<EffectOutcome> stage(const store::JobRow& row);
  Result<EffectOutcome> launch_instances(const store::JobRow& row, const job::Job& job);
  Result<EffectOutcome> tell_instances(const store::JobRow& row, const char* command);
  Result<EffectOutcome> release(const store::JobRow& row);
  // Agents.
  void on_connected(const std::string& id);
  void on_report(const std::string& id, wire::Report report);
  Result<> take_report(store::Txn& txn, const std::string& id, const wire::Report& report);
  void look_at_gone(const std::string& id);
  Result<> settle_gone(const std::string& id);
  Result<> recover_job(const store::JobRow& row, const job::Job& job);
  Result<> recover_ended(const std::string& id);
  Result<> recover_shares();
  void recover_place(const store::JobRow& row, const job::Job& job, bool is_owed);

  store::Control& control_;
  store::Readers& readers_;
  fleet::Fleet& fleet_;
  Pool& pool_;
  World world_;
  fleet::AgentSessions* sessions_ = nullptr;

  std::mutex queue_mutex_;
  job::Queue queue_;
  std::string held_up_;       // guarded: why all that waits does
  bool looks_again_ = false;  // guarded: a look at that is on its way
  bool asks_driver_ = false;  // guarded: so is one at the GPUs

  std::mutex owed_mutex_;
  std::set<std::string> running_, again_;
};

/// "<job>.<attempt>.<n>"
std::string instance_id(const std::string& job, std::int64_t attempt, std::int64_t n);

}  // namespace trainyard::engine
