#include "job/outlook.hpp"

#include <algorithm>

// Which spot jobs leave so that another has room: the newest, wherever they are, and of them only
// those that it takes.

namespace trainyard::job {
namespace {

bool may_be_asked(const Spot& spot, std::int64_t priority) {
  return spot.priority <= priority;
}

}  // namespace

// What a machine has for the one who asks while spot jobs leave it, one after the other.
struct Outlook::Opening {
  Room room;                  // free once all have left who leave
  std::optional<Room> spare;  // of that, what is not promised; nothing where nothing is
  const Promise* promise;

  void take(const Use& use, int by) {
    room += use.need * by;
    if (spare && use.ends > promise->begins) *spare += use.need * by;
  }
  std::int64_t times(const Room& need, std::int64_t limit) const {
    const std::int64_t out = room.times(need, limit);
    return spare ? spare->times(need, out) : out;
  }
};

Outlook::Opening Outlook::opening(std::size_t n, const Promise* promise) const {
  Opening out{soon(n), std::nullopt, promise};
  if (!promise) return out;
  const auto part = promise->machines.find(n);
  if (part != promise->machines.end()) out.spare = part->second.spare;
  return out;
}

Retreat Outlook::make_room(const Room& need, std::int64_t instances, std::int64_t priority,
                           const Promise* promise) const {
  // Room for one more instance, and the oldest spot job that must have left for it; nobody of what
  // is free without.
  struct Slot {
    std::optional<Spot> oldest;
    std::size_t machine;
  };
  std::vector<Slot> slots;
  const RoomTree& rooms = if_spot_yields_;
  for (std::size_t n = rooms.first(need, 0); n < rooms.size(); n = rooms.first(need, n + 1)) {
    Opening opening = this->opening(n, promise);
    std::int64_t found = opening.times(need, instances);
    slots.insert(slots.end(), std::size_t(found), {std::nullopt, n});
    const auto& spots = later_[n].spots;
    for (auto it = spots.rbegin(); it != spots.rend() && found < instances; ++it) {
      if (!may_be_asked(it->first, priority)) continue;
      opening.take(it->second, 1);
      const std::int64_t now = opening.times(need, instances);
      if (now > found) slots.insert(slots.end(), std::size_t(now - found), {it->first, n});
      found = std::max(found, now);
    }
  }
  if (std::int64_t(slots.size()) < instances) return {};
  std::ranges::sort(slots, [](const Slot& a, const Slot& b) {
    if (a.oldest == b.oldest) return a.machine < b.machine;
    if (!a.oldest || !b.oldest) return !a.oldest;
    return *a.oldest > *b.oldest;
  });
  Retreat out;
  for (std::int64_t n = 0; n < instances; ++n)
    out.machines.push_back(slots[std::size_t(n)].machine);
  if (const auto& oldest = slots[std::size_t(instances - 1)].oldest)
    out.yields = who_must_leave(out.machines, need, priority, *oldest, promise);
  return out;
}

// Of the spot jobs on `machines` that are no older than `oldest` those that it takes: the others
// stay, the oldest first.
std::vector<std::string> Outlook::who_must_leave(const std::vector<std::size_t>& machines,
                                                 const Room& need, std::int64_t priority,
                                                 const Spot& oldest, const Promise* promise) const {
  struct Machine {
    Opening opening;
    std::int64_t wanted = 0;
  };
  std::map<std::size_t, Machine> there;
  std::map<Spot, std::vector<std::pair<std::size_t, Use>>> leave;
  for (const std::size_t n : machines)
    ++there.try_emplace(n, Machine{opening(n, promise)}).first->second.wanted;
  for (auto& [n, machine] : there) {
    const auto& spots = later_[n].spots;
    for (auto spot = spots.lower_bound(oldest); spot != spots.end(); ++spot) {
      if (!may_be_asked(spot->first, priority)) continue;
      leave[spot->first].emplace_back(n, spot->second);
      machine.opening.take(spot->second, 1);
    }
  }
  std::vector<std::string> out;
  for (const auto& [spot, uses] : leave) {
    for (const auto& [n, use] : uses)
      there.at(n).opening.take(use, -1);
    const bool is_needed = std::ranges::any_of(uses, [&](const auto& use) {
      const Machine& m = there.at(use.first);
      return m.opening.times(need, m.wanted) < m.wanted;
    });
    if (!is_needed) continue;
    out.insert(out.begin(), spot.id);
    for (const auto& [n, use] : uses)
      there.at(n).opening.take(use, 1);
  }
  return out;
}

}  // namespace trainyard::job
