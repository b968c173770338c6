#include "job/outlook.hpp"

#include "base/result.hpp"

#include <algorithm>

namespace trainyard::job {
namespace {

std::vector<Room> totals(const Capacity& capacity) {
  std::vector<Room> out;
  for (std::size_t n = 0; n < capacity.size(); ++n)
    out.push_back(capacity.total(n));
  return out;
}

Room smaller(const Room& a, const Room& b) {
  return larger(a * -1, b * -1) * -1;
}

// How often `need` fits on machine `n` beside what is promised there.
std::int64_t beside(const Promise* promise, std::size_t n, const Room& need, std::int64_t limit) {
  if (!promise) return limit;
  const auto part = promise->machines.find(n);
  return part == promise->machines.end() ? limit : part->second.spare.times(need, limit);
}

}  // namespace

Outlook::Outlook(std::vector<Machine> machines)
    : capacity_(std::move(machines)), later_(capacity_.size()), possible_(totals(capacity_)),
      now_(totals(capacity_)), if_spot_yields_(totals(capacity_)) {}

Room Outlook::soon(std::size_t n) const {
  Room out = capacity_.free().at(n);
  out += later_[n].leaving;
  out -= later_[n].claimed;
  return out;
}

// What is free now and is nobody's claim.
void Outlook::touch(std::size_t n) {
  Room later = soon(n);
  now_.set(n, smaller(capacity_.free().at(n), later));
  later += later_[n].spot;
  if_spot_yields_.set(n, later);
  changed_.insert(n);
}

// An instance stays on machine `n` until its limit, or has left.
void Outlook::enter(std::size_t n, const Holding& holding) {
  Later& later = later_[n];
  later.ends.emplace(holding.ends, holding.need);
  if (!holding.spot) return;
  ++spots_;
  later.spot += holding.need;
  later.spots.insert({*holding.spot, {holding.need, holding.ends}});
}

void Outlook::depart(std::size_t n, const Holding& holding) {
  remove_end(n, holding.ends, holding.need);
  if (!holding.spot) return;
  --spots_;
  later_[n].spot -= holding.need;
  later_[n].spots.erase(later_[n].spots.find(*holding.spot));
}

void Outlook::remove_end(std::size_t n, Time ends, const Room& need) {
  const auto [from, to] = later_[n].ends.equal_range(ends);
  const auto it = std::find_if(from, to, [&](const auto& end) { return end.second == need; });
  CHECK(it != to);
  later_[n].ends.erase(it);
}

// ---- places

std::vector<std::size_t> Outlook::place(const Room& need, std::int64_t instances,
                                        const Promise* promise, bool is_short) const {
  std::vector<std::size_t> out;
  for (std::size_t n = now_.first(need, 0); n < now_.size(); n = now_.first(need, n + 1)) {
    const std::int64_t left = instances - std::int64_t(out.size());
    std::int64_t times = now_.at(n).times(need, left);
    if (!is_short) times = beside(promise, n, need, times);
    out.insert(out.end(), std::size_t(times), n);
    if (std::int64_t(out.size()) == instances) return out;
  }
  return {};
}

bool Outlook::is_possible(const Room& need, std::int64_t instances) const {
  std::int64_t found = 0;
  for (std::size_t n = possible_.first(need, 0); n < possible_.size() && found < instances;
       n = possible_.first(need, n + 1))
    found += possible_.at(n).times(need, instances - found);
  return found >= instances;
}

// ---- holdings

Holding Outlook::begin(const Room& need, const std::vector<std::size_t>& machines, Time ends,
                       std::optional<Spot> spot) {
  Holding out{need, {}, ends, std::move(spot), false};
  for (const std::size_t n : machines) {
    out.places.push_back(capacity_.take(n, need));
    enter(n, out);
    touch(n);
  }
  return out;
}

void Outlook::hold(const Holding& holding) {
  for (const auto& place : holding.places) {
    capacity_.take(place, holding.need);
    const auto n = capacity_.find(place.machine);
    if (!n) continue;
    enter(*n, holding);
    touch(*n);
  }
}

void Outlook::leave(Holding& holding) {
  if (std::exchange(holding.is_leaving, true)) return;
  for (const auto& place : holding.places) {
    const auto n = capacity_.find(place.machine);
    if (!n) continue;
    depart(*n, holding);
    ++leaving_;
    later_[*n].leaving += holding.need;
    touch(*n);
  }
}

void Outlook::end(const Holding& holding) {
  for (const auto& place : holding.places) {
    capacity_.give(place, holding.need);
    const auto n = capacity_.find(place.machine);
    if (!n) continue;
    if (holding.is_leaving) {
      --leaving_;
      later_[*n].leaving -= holding.need;
    } else {
      depart(*n, holding);
    }
    touch(*n);
  }
}

// ---- claims

void Outlook::claim(const Claim& claim) {
  for (const std::size_t n : claim.machines) {
    later_[n].claimed += claim.need;
    later_[n].ends.emplace(claim.ends, claim.need);
    touch(n);
  }
}

void Outlook::give_up(const Claim& claim) {
  for (const std::size_t n : claim.machines) {
    later_[n].claimed -= claim.need;
    remove_end(n, claim.ends, claim.need);
    touch(n);
  }
}

bool Outlook::is_free(const Claim& claim) const {
  for (const std::size_t n : claim.machines) {
    const auto here = std::ranges::count(claim.machines, n);
    if (!capacity_.free().at(n).holds(claim.need * here)) return false;
  }
  return true;
}

void Outlook::use_by_others(std::vector<ForeignUse> uses) {
  if (uses == capacity_.others()) return;
  capacity_.use_by_others(std::move(uses));
  for (std::size_t n = 0; n < capacity_.size(); ++n) {
    Room all = capacity_.total(n);
    all.gpus -= std::ranges::count(capacity_.others(), capacity_.name(n), &ForeignUse::machine);
    possible_.set(n, all);
    touch(n);
  }
}

// ---- later

// When machine `n` has room for one more, for each one more. What is over its limit, and what
// leaves, is free as good as now.
std::vector<Time> Outlook::room_at(std::size_t n, const Room& need, std::int64_t limit) const {
  Room room = soon(n);
  std::vector<Time> out(std::size_t(room.times(need, limit)), Time::min());
  for (auto it = later_[n].ends.begin();
       it != later_[n].ends.end() && std::int64_t(out.size()) < limit; ++it) {
    room += it->second;
    out.resize(std::size_t(std::max(room.times(need, limit), std::int64_t(out.size()))), it->first);
  }
  return out;
}

Promise Outlook::promise(const Room& need, std::int64_t instances) {
  if (promise_.need != need || promise_.instances != instances || room_at_.empty()) {
    promise_.need = need;
    promise_.instances = instances;
    room_at_.assign(capacity_.size(), {});
    for (std::size_t n = 0; n < capacity_.size(); ++n)
      changed_.insert(n);
  }
  if (!changed_.empty()) make_promise();
  return promise_;
}

void Outlook::make_promise() {
  for (const std::size_t n : changed_)
    room_at_[n] = room_at(n, promise_.need, promise_.instances);
  changed_.clear();
  std::vector<std::pair<Time, std::size_t>> all;
  for (std::size_t n = 0; n < room_at_.size(); ++n)
    for (const Time at : room_at_[n])
      all.emplace_back(at, n);
  const auto wanted = all.begin() + std::min(promise_.instances, std::int64_t(all.size()));
  if (wanted != all.end()) std::nth_element(all.begin(), wanted, all.end());
  promise_.begins = Time::min();
  promise_.machines.clear();
  for (auto it = all.begin(); it != wanted; ++it) {
    promise_.begins = std::max(promise_.begins, it->first);
    ++promise_.machines[it->second].instances;
  }
  update(promise_);
}

void Outlook::update(Promise& promise) const {
  for (auto& [n, part] : promise.machines) {
    part.spare = soon(n);
    for (const auto& [ends, held] : later_[n].ends)
      if (ends <= promise.begins) part.spare += held;
    part.spare -= promise.need * part.instances;
  }
}

std::optional<Time> Outlook::free_by(const Room& need, std::int64_t instances) const {
  std::vector<Time> all;
  for (std::size_t n = 0; n < capacity_.size(); ++n)
    std::ranges::copy(room_at(n, need, instances), std::back_inserter(all));
  if (std::int64_t(all.size()) < instances) return std::nullopt;
  std::ranges::nth_element(all, all.begin() + (instances - 1));
  return all[std::size_t(instances - 1)];
}

}  // namespace trainyard::job
