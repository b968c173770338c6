#pragma once
/// The queue: which waiting job begins where, and who makes room for it. A value, pure and
/// incremental: rebuilt from the rows at start, then told of each change; time comes in. It knows
/// ids, sizes and order, nothing of rows and clocks.
///
/// The order: higher priority first; of one priority, on-demand jobs before spot jobs; of these,
/// the user who has had least (fair_share.hpp); of one user, who came first. All instances of a job
/// begin together or none. The first that has no room is promised the machines that must be free
/// for it soonest, by the time limits of those who run there; who comes behind it begins before it
/// only where that cannot delay it (EASY backfilling). An on-demand job without room has spot jobs
/// of no higher priority yield, the newest first and no more of them than it needs; what they leave
/// is its own. Spot jobs make nobody yield, so nobody yields in circles.

#include "base/clock.hpp"
#include "job/capacity.hpp"
#include "job/fair_share.hpp"
#include "job/outlook.hpp"
#include "job/waiting.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::job {

struct QueuePolicy {
  std::map<std::string, double> shares;  ///< by user; 1 where none is told
  Millis half_life{24 * 3'600'000};      ///< what was used so long ago counts half
  /// How many instances a user may hold at a time, by user and instance type. "*" is every user
  /// that is not named, and all types together.
  std::map<std::string, std::map<std::string, std::int64_t>> quotas;
};

struct Begin {
  std::string id;
  Placement places;
  bool operator==(const Begin&) const = default;
};
/// A spot job gives its machines up for another.
struct Yield {
  std::string id, to;
  bool operator==(const Yield&) const = default;
};
struct Decisions {
  std::vector<Begin> begin;
  std::vector<Yield> yield;
};

/// A quota that is used up.
struct QuotaUse {
  std::string instance_type;  ///< "*" = of all types together
  std::int64_t limit = 0, used = 0;
  bool operator==(const QuotaUse&) const = default;
};

/// Why a job waits.
struct Why {
  Request request;                  ///< its own
  std::int64_t ahead = 0;           ///< so many waiting jobs come before it
  std::string first;                ///< who comes before all, where it is not this one
  Resources free;                   ///< the largest of each component that a machine has free
  std::optional<QuotaUse> quota;    ///< keeps it from beginning, machines or not
  std::vector<std::string> holds;   ///< who holds machines, oldest first
  std::vector<std::string> yields;  ///< who leaves its machines to it
  std::optional<Time> free_by;      ///< it would have room by then, were nobody ahead
  std::vector<ForeignUse> others;   ///< GPUs that it cannot have
};

class Queue {
public:
  explicit Queue(std::vector<Machine> machines, QueuePolicy policy = {});

  /// A job waits from now on. One that is known already changes nothing.
  void add(Request request);
  /// A job holds its machines already (found in the rows at start), since `began`.
  void hold(const Request& request, Placement places, Time began, Time now);
  /// A job that held machines before this value was made: fair shares remember.
  void held(const Request& request, Time from, Time till, Time now);
  /// A job gives its machines up as soon as it can: it was interrupted.
  void leave(const std::string& id);
  /// A job is over: what it held is free. Unknown ids change nothing.
  void remove(const std::string& id, Time now);
  /// A waiting job waits no more; true if it did. One that holds its machines keeps them.
  bool forget(const std::string& id, Time now);
  /// A waiting job's priority from now on; false if it does not wait.
  bool set_priority(const std::string& id, std::int64_t priority);
  /// Who uses GPUs without being a job: all of them, each time.
  void use_by_others(std::vector<ForeignUse> uses) { outlook_.use_by_others(std::move(uses)); }

  /// What is to happen now. Who begins holds its machines from here on; who yields leaves them.
  Decisions decide(Time now);

  /// Nobody waits.
  bool is_idle() const { return waiting_.is_empty() && claims_.empty(); }
  bool waits(const std::string& id) const { return waiting_.find(id) || claims_.contains(id); }
  /// Whether anybody that waits wants GPUs.
  bool asks_for_gpus() const { return waiting_.gpu_jobs() > 0; }
  /// Whether it waits for others who leave their machines to it.
  bool has_claim(const std::string& id) const { return claims_.contains(id); }
  /// The first of those that wait, in the order in which they would begin were there room for one
  /// at a time.
  std::vector<std::string> order(Time now, std::size_t limit) const;
  /// Why a waiting job waits; nothing when it does not wait. Computed when asked.
  std::optional<Why> why(const std::string& id, Time now) const;
  /// The quota that keeps `request` from beginning now; nothing where it is within all.
  std::optional<QuotaUse> over_quota(const Request& request) const;
  /// Whether it fits if nobody else is there.
  bool is_possible(const Request& request) const {
    return outlook_.is_possible(Room(request.need), request.instances);
  }
  const Capacity& capacity() const { return outlook_.capacity(); }

private:
  struct Held {
    Request request;
    Holding holding;
    Time began{};
  };
  struct Claimed {
    Request request;
    Claim claim;
  };
  struct Pass;  // one call of decide()

  bool pass_levels(Pass& pass);
  bool pass_level(Pass& pass, const Level& level);
  bool looks_at_all(const Pass& pass, const Level& level) const;
  const Request* next(const Pass& pass, const Level& level, const UserLines& lines,
                      const std::string& seen) const;
  void drop_roomless(Pass& pass) const;
  bool admit(Pass& pass, const Request& request);
  void begin(Pass& pass, Request request, const std::vector<std::size_t>& machines);
  void begin_claimed(Pass& pass);
  bool claim(Pass& pass, const Request& request);
  bool runs_on(const Held& held, const std::vector<std::size_t>& machines) const;
  void walk(Time now, const std::function<bool(const Request&)>& visit) const;
  double part(const Request& request) const;
  void charge(const Request& request, Time now);
  void refund(const Request& request, Time now);
  void count(const Request& request, std::int64_t by);
  bool is_known(const std::string& id) const;

  QueuePolicy policy_;
  Outlook outlook_;
  FairShare shares_;
  WaitingJobs waiting_;
  std::map<std::string, Held> held_;
  std::map<std::string, Claimed> claims_;
  std::map<std::string, std::map<std::string, std::int64_t>> used_;  // instances by user and type
};

}  // namespace trainyard::job
