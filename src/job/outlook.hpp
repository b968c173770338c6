#pragma once
/// The machines now and later: what is free, what will be once those have left who were told to,
/// and when by their time limits the rest. A value.

#include "base/clock.hpp"
#include "job/capacity.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trainyard::job {

/// A job that may be told to yield. The newest are told first.
struct Spot {
  Time began{};
  std::string order, id;  ///< of those that began together the later in `order` is newer
  std::int64_t priority = 0;
  auto operator<=>(const Spot&) const = default;
};

/// A job's part of the machines.
struct Holding {
  Room need;         ///< of each instance
  Placement places;  ///< one each
  Time ends{};       ///< by its time limit
  std::optional<Spot> spot = {};
  bool is_leaving = false;
};

/// How there would be room for a job.
struct Retreat {
  std::vector<std::size_t> machines;  ///< of each instance; none: there is no way
  std::vector<std::string> yields;    ///< ids of those that must leave, newest first
};

/// A job's part of machines that others are leaving: nobody else gets it.
struct Claim {
  Room need;
  std::vector<std::size_t> machines;  ///< of each instance
  Time ends{};                        ///< as if it began now
};

/// The machines that a waiting job will begin on.
struct Promise {
  Room need;
  std::int64_t instances = 0;
  Time begins{};  ///< at the latest; Time::min() = as soon as who leaves is gone
  struct Part {
    std::int64_t instances = 0;
    Room spare;  ///< what is free beside these when it begins
  };
  std::map<std::size_t, Part> machines;
};

class Outlook {
public:
  explicit Outlook(std::vector<Machine> machines);

  const Capacity& capacity() const { return capacity_; }
  /// Whether so many would fit if nobody else were there; what others use of GPUs they keep.
  bool is_possible(const Room& need, std::int64_t instances) const;

  /// Machines with room now for each instance, first fit; none where not all fit. What is promised
  /// stays as free as it must be, unless who asks is short: gone before the promise begins.
  std::vector<std::size_t> place(const Room& need, std::int64_t instances, const Promise* promise,
                                 bool is_short) const;
  /// The same once those have left who leave, and as many spot jobs of no higher priority, the
  /// newest first, as that takes.
  Retreat make_room(const Room& need, std::int64_t instances, std::int64_t priority,
                    const Promise* promise) const;

  /// Whether anybody leaves, or may yield: else make_room() finds no more than place().
  bool may_make_room() const { return leaving_ > 0 || spots_ > 0; }

  Holding begin(const Room& need, const std::vector<std::size_t>& machines, Time ends,
                std::optional<Spot> spot);
  /// A holding that is there already. Machines that are gone hold nothing.
  void hold(const Holding& holding);
  void leave(Holding& holding);
  void end(const Holding& holding);

  void claim(const Claim& claim);
  void give_up(const Claim& claim);
  /// Those it waited for have left.
  bool is_free(const Claim& claim) const;

  void use_by_others(std::vector<ForeignUse> uses);

  /// When, and on which machines, so many have room at the latest by the limits of those who run
  /// there; they must be possible. Quick when asked for the same again after few changes.
  Promise promise(const Room& need, std::int64_t instances);
  /// Works out again what is free beside a promise that stands.
  void update(Promise& promise) const;
  /// When so many have room at the latest, worked out afresh; nothing where that is never.
  std::optional<Time> free_by(const Room& need, std::int64_t instances) const;

private:
  struct Use {
    Room need;
    Time ends{};
  };
  struct Later {
    Room leaving, claimed, spot;
    std::multimap<Time, Room> ends;  // of those who do not leave, and of claims
    std::multimap<Spot, Use> spots;  // those who may yield
  };
  struct Opening;
  void touch(std::size_t n);
  void enter(std::size_t n, const Holding& holding);
  void depart(std::size_t n, const Holding& holding);
  void remove_end(std::size_t n, Time ends, const Room& need);
  Opening opening(std::size_t n, const Promise* promise) const;
  std::vector<std::string> who_must_leave(const std::vector<std::size_t>& machines,
                                          const Room& need, std::int64_t priority,
                                          const Spot& oldest, const Promise* promise) const;
  Room soon(std::size_t n) const;
  std::vector<Time> room_at(std::size_t n, const Room& need, std::int64_t limit) const;
  void make_promise();

  Capacity capacity_;
  std::vector<Later> later_;
  std::int64_t leaving_ = 0, spots_ = 0;  // instances
  RoomTree possible_, now_, if_spot_yields_;
  Promise promise_;                         // the last that was asked for
  std::vector<std::vector<Time>> room_at_;  // by machine: when the promised has room for one more
  std::set<std::size_t> changed_;           // where that is to be worked out again
};

}  // namespace trainyard::job
