#pragma once
/// The queue: which waiting job may begin. A value, pure and incremental: rebuilt from the rows at
/// start, then told of each change. It knows sizes and order, nothing of rows, clocks or machines.

#include "base/clock.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace trainyard::job {

/// What a job needs, or a machine has.
struct Resources {
  double cpus = 0;
  std::uint64_t memory_bytes = 0;
  std::int64_t gpus = 0;
  bool operator==(const Resources&) const = default;
};
bool fits(const Resources& need, const Resources& free);

class Queue {
public:
  explicit Queue(Resources capacity) : capacity_(capacity) {}

  /// A job waits from now on, behind all that came before: `order` sorts and is this job's alone
  /// (e.g. its id, which begins with its time). A job that is known already changes nothing.
  void add(const std::string& id, const std::string& order, Resources need);
  /// A job holds its machines already (found in the rows at start).
  void hold(const std::string& id, Resources need);
  /// A job is over: what it held is free. Unknown ids change nothing.
  void remove(const std::string& id);
  /// A waiting job waits no more; true if it did. One that holds its machines keeps them.
  bool forget(const std::string& id);
  /// The jobs that begin now, in order; they hold their machines from here on. The first that does
  /// not fit makes all behind it wait.
  std::vector<std::string> admit();

  /// Nobody waits.
  bool is_idle() const { return waiting_.empty(); }

  /// Why a waiting job waits, in one sentence; "" when it does not wait. Computed when asked.
  std::string why(const std::string& id) const;

  /// What no job holds; never negative, also on a machine that has shrunk below what is held.
  Resources free() const;
  const Resources& capacity() const { return capacity_; }

private:
  struct Waiting {
    std::string order, id;
    Resources need;
  };
  using Line = std::deque<Waiting>;
  Line::const_iterator place(const std::string& order) const;

  Resources capacity_, held_;
  Line waiting_;                                 // by order: a job's place is how many are ahead
  std::map<std::string, std::string> order_of_;  // waiting ids
  std::map<std::string, Resources> holding_;
};

}  // namespace trainyard::job
