#pragma once
/// A world in which machine and queue live: jobs that people create, stop and interrupt, agents
/// that work and die, reports that are lost, repeated and late, a service that crashes between any
/// two statements, clocks that jump. All of it follows from a seed. What is kept in rows outlives a
/// crash, as do agents; nothing else does. After each transaction the promises of docs/SEMANTICS.md
/// are looked at, by their numbers.

#include "job/machine.hpp"
#include "job/queue.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace trainyard::simulation {

/// A promise that was broken.
struct Broken {
  std::string promise, what;
};

/// A job's row, and what an onlooker noted of it.
struct Row {
  std::string id, user, type;
  std::int64_t priority = 0;
  std::int64_t told_priority = 0;  ///< what the queue knows: it is told after the row is written
  job::Resources need;
  job::Job job;
  Time modified{};
  std::deque<job::Effect> owed;

  std::int64_t training_ms = 0;  ///< of attempts that ended, as seen from outside
  bool was_stopped_uploading = false;
};

/// A process that outlives the service. What it has to tell is durable before it is told.
struct Agent {
  std::string job;
  std::int64_t attempt = 0, n = 0;
  bool is_alive = true;
  bool is_told_to_stop = false, is_told_to_leave = false;
  Millis began{}, run_max{};  ///< boot clock
  std::vector<job::Event> reports;
  std::size_t delivered = 0;  ///< the row's last_report
};

class World {
public:
  World(std::uint64_t seed, std::function<void(const std::string&)> story);

  /// To the end of all lives; nothing where every promise held.
  std::optional<Broken> play(int jobs);

private:
  // Chance.
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class T> T& any(std::vector<T>& of) { return of[below(of.size())]; }

  // People.
  void create();
  void stop();
  void interrupt();
  void set_priority();

  // The service: what it does next, lost in a crash.
  using Task = std::function<void()>;
  void later(Task task) { tasks_.push_back(std::move(task)); }
  void work();
  void crash();
  void recover();
  void admit();
  void begin(const job::Begin& given);
  void yield(const job::Yield& yield);
  void run_owed(const std::string& id);
  bool run_effect(Row& row, const job::Effect& effect, std::optional<job::Event>& event);
  bool launch(Row& row, std::int64_t attempt, std::optional<job::Event>& event);
  void enter(Row& row);
  void released(const std::string& id);
  void end_wait(const std::string& id);
  job::Request asks(const Row& row) const;
  void forget_ended(const Row& row);
  job::Job& apply(const std::string& id, const job::Event& event);

  // Agents.
  void agent_goes_on();
  void deliver();
  void look_at_gone();
  void die();
  void exit(Agent& agent);

  void pass_time();

  // Promises.
  void promise(bool holds, const char* number, const std::string& what);
  void check_step(const Row& row, const job::Job& before, const job::Event& event, Time now);
  void check_history(const Row& row);
  void check_holdings();
  void check_begin(const job::Begin& begin);
  void check_end();
  void tell(const std::string& line) {
    if (story_) story_(line);
  }

  std::mt19937_64 random_;
  std::function<void(const std::string&)> story_;
  std::vector<job::Machine> machines_;
  job::QueuePolicy policy_;
  std::unique_ptr<job::Queue> queue_;
  std::map<std::string, Row> rows_;
  std::vector<std::string> living_;  // ids of rows that have not ended or owe something
  std::vector<Agent> agents_;
  std::vector<Task> tasks_;
  std::set<std::pair<std::string, std::string>> yielded_;
  Time clock_ = from_ms(1'795'000'000'000);
  Millis boot_{0};
  bool is_calm_ = false;
  int made_ = 0;
  std::optional<Broken> broken_;
};

}  // namespace trainyard::simulation
