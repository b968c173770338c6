#pragma once
/// The jobs that wait, in order: by level, by user, by their time of coming. A value.

#include "base/clock.hpp"
#include "job/capacity.hpp"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace trainyard::job {

/// What the queue knows of a job.
struct Request {
  std::string id;
  std::string order;  ///< sorts, and is this job's alone: e.g. its id, which begins with its time
  std::string user;
  std::string instance_type;  ///< what quotas count
  Resources need;             ///< of each instance
  std::int64_t instances = 1;
  std::int64_t priority = 0;  ///< higher begins first
  bool is_spot = false;       ///< may be told to yield
  Millis run_max{};           ///< it runs no longer, once begun
};

/// Which jobs come before which others, whoever owns them.
struct Level {
  std::int64_t priority = 0;
  bool is_spot = false;
  explicit Level(const Request& r) : priority(r.priority), is_spot(r.is_spot) {}
  bool operator<(const Level& o) const {
    return std::tuple(-priority, is_spot) < std::tuple(-o.priority, o.is_spot);
  }
};

/// How much room a job takes, how often, and how long.
struct Size {
  Room need;
  std::int64_t instances = 0;
  Millis run_max{};
  explicit Size(const Request& r) : need(r.need), instances(r.instances), run_max(r.run_max) {}
  auto operator<=>(const Size&) const = default;
};

/// A user's jobs of one level. Those that differ in nothing but their time of coming stand in one
/// line: where its head has no room, none behind it has.
class UserLines {
public:
  bool is_empty() const { return heads_.empty(); }
  const std::string& first_order() const { return heads_.begin()->first; }
  /// All, by order.
  const std::map<std::string, const Request*>& jobs() const { return jobs_; }
  /// The first head that came after `order`; none where there is none.
  const Request* next_head(const std::string& order) const;
  /// The same of the jobs of that size.
  const Request* next_head(const std::string& order, const Size& size) const;

  void add(Request request);
  Request remove(const Request& request);

private:
  using Shape = std::pair<Size, std::string>;
  using Line = std::map<std::string, Request>;  // by order

  std::map<Shape, Line> lines_;
  std::map<std::string, const Request*> heads_, jobs_;  // by order
};

class WaitingJobs {
public:
  struct LevelJobs {
    std::map<std::string, UserLines> users;
    std::map<Size, std::int64_t> sizes;  ///< how many jobs are of it
  };

  void add(Request request);
  /// Nothing if it does not wait.
  std::optional<Request> remove(const std::string& id);
  const Request* find(const std::string& id) const;
  bool is_empty() const { return by_id_.empty(); }
  std::int64_t gpu_jobs() const { return gpu_jobs_; }
  /// None is without a user, and no user without a job.
  const std::map<Level, LevelJobs>& levels() const { return levels_; }

private:
  std::map<Level, LevelJobs> levels_;
  std::unordered_map<std::string, Request> by_id_;
  std::int64_t gpu_jobs_ = 0;
};

}  // namespace trainyard::job
