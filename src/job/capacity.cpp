#include "job/capacity.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace trainyard::job {
namespace {

Room total_of(const Machine& m) {
  return Room({m.cpus, m.memory_bytes, std::int64_t(m.gpus.size())});
}

std::vector<Room> totals(const std::vector<Machine>& machines) {
  std::vector<Room> out;
  for (const auto& m : machines)
    out.push_back(total_of(m));
  return out;
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool fits(const Resources& need, const Resources& free) {
  return Room(free).holds(Room(need));
}

Room::Room(const Resources& r)
    : cpu_thousandths(std::llround(r.cpus * 1000)), memory_bytes(std::int64_t(r.memory_bytes)),
      gpus(r.gpus) {}

Resources Room::resources() const {
  return {double(std::max<std::int64_t>(0, cpu_thousandths)) / 1000,
          std::uint64_t(std::max<std::int64_t>(0, memory_bytes)), std::max<std::int64_t>(0, gpus)};
}

std::int64_t Room::times(const Room& need, std::int64_t limit) const {
  const auto of = [&](std::int64_t have, std::int64_t want) {
    return want <= 0 ? limit : have < 0 ? 0 : have / want;
  };
  return std::min({limit, of(cpu_thousandths, need.cpu_thousandths),
                   of(memory_bytes, need.memory_bytes), of(gpus, need.gpus)});
}

Room& Room::operator+=(const Room& r) {
  cpu_thousandths += r.cpu_thousandths;
  memory_bytes += r.memory_bytes;
  gpus += r.gpus;
  return *this;
}

Room& Room::operator-=(const Room& r) {
  return *this += r * -1;
}

Room operator*(const Room& r, std::int64_t n) {
  Room out = r;
  out.cpu_thousandths *= n;
  out.memory_bytes *= n;
  out.gpus *= n;
  return out;
}

Room larger(const Room& a, const Room& b) {
  Room out;
  out.cpu_thousandths = std::max(a.cpu_thousandths, b.cpu_thousandths);
  out.memory_bytes = std::max(a.memory_bytes, b.memory_bytes);
  out.gpus = std::max(a.gpus, b.gpus);
  return out;
}

// ---- the tree: node n has the children 2n and 2n + 1; what no machine stands for holds less than
// nothing

RoomTree::RoomTree(std::vector<Room> rooms)
    : size_(rooms.size()), leaves_(std::bit_ceil(std::max<std::size_t>(1, rooms.size()))) {
  const Room none = Room(Resources{1, 1, 1}) * -1;
  nodes_.assign(2 * leaves_, none);
  std::ranges::copy(rooms, nodes_.begin() + std::ptrdiff_t(leaves_));
  for (std::size_t n = leaves_ - 1; n > 0; --n)
    nodes_[n] = larger(nodes_[2 * n], nodes_[2 * n + 1]);
}

void RoomTree::set(std::size_t n, const Room& room) {
  n += leaves_;
  nodes_[n] = room;
  while (n > 1) {
    n /= 2;
    const Room is = larger(nodes_[2 * n], nodes_[2 * n + 1]);
    if (is == nodes_[n]) return;
    nodes_[n] = is;
  }
}

std::size_t RoomTree::first(const Room& need, std::size_t n) const {
  if (n >= size_ || !largest().holds(need)) return size_;
  // Up, while all that is right of here below the same parent was looked at; down where one may be.
  std::size_t at = leaves_ + n;
  for (;;) {
    if (nodes_[at].holds(need)) {
      if (at >= leaves_) return at - leaves_;
      at *= 2;
      continue;
    }
    while (at % 2 == 1) {
      at /= 2;
      if (at <= 1) return size_;
    }
    ++at;
  }
}

// ---- machines

Capacity::Capacity(std::vector<Machine> machines) : free_(totals(machines)) {
  for (auto& m : machines) {
    const Room total = total_of(m);
    State state{std::move(m.name), total, {}, {}};
    for (auto& gpu : m.gpus)
      state.gpus.push_back({std::move(gpu)});
    numbers_.emplace(state.name, machines_.size());
    total_ += state.total;
    machines_.push_back(std::move(state));
  }
}

std::optional<std::size_t> Capacity::find(const std::string& machine) const {
  const auto it = numbers_.find(machine);
  return it == numbers_.end() ? std::nullopt : std::optional(it->second);
}

// What is free of GPUs is counted one by one: those that others use may be held, too.
void Capacity::count(std::size_t n) {
  State& m = machines_[n];
  Room free = m.total;
  free -= m.held;
  const auto usable = std::ranges::count_if(
      m.gpus, [](const Gpu& g) { return !g.is_held && !g.is_used_by_others; });
  free.gpus = std::min<std::int64_t>(free.gpus, usable);
  free_.set(n, free);
}

Place Capacity::take(std::size_t n, const Room& need) {
  State& m = machines_[n];
  Place out{m.name, {}};
  for (Gpu& gpu : m.gpus) {
    if (std::int64_t(out.gpus.size()) == need.gpus) break;
    if (gpu.is_held || gpu.is_used_by_others) continue;
    gpu.is_held = true;
    out.gpus.push_back(gpu.name);
  }
  m.held += need;
  count(n);
  return out;
}

void Capacity::take(const Place& place, const Room& need) {
  const auto n = find(place.machine);
  if (!n) return;
  for (Gpu& gpu : machines_[*n].gpus)
    gpu.is_held = gpu.is_held || is_among(place.gpus, gpu.name);
  machines_[*n].held += need;
  count(*n);
}

void Capacity::give(const Place& place, const Room& need) {
  const auto n = find(place.machine);
  if (!n) return;
  for (Gpu& gpu : machines_[*n].gpus)
    gpu.is_held = gpu.is_held && !is_among(place.gpus, gpu.name);
  machines_[*n].held -= need;
  count(*n);
}

void Capacity::use_by_others(std::vector<ForeignUse> uses) {
  if (uses == others_) return;
  others_ = std::move(uses);
  for (std::size_t n = 0; n < machines_.size(); ++n) {
    for (Gpu& gpu : machines_[n].gpus)
      gpu.is_used_by_others = std::ranges::any_of(others_, [&](const ForeignUse& u) {
        return u.machine == machines_[n].name && u.gpu == gpu.name;
      });
    count(n);
  }
}

}  // namespace trainyard::job
