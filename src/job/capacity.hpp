#pragma once
/// Machines and what is free on them: a value. It knows sizes, nothing of jobs, order or time.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::job {

/// What an instance needs, or a machine has.
struct Resources {
  double cpus = 0;
  std::uint64_t memory_bytes = 0;
  std::int64_t gpus = 0;
  bool operator==(const Resources&) const = default;
};
bool fits(const Resources& need, const Resources& free);

/// A machine of the fleet.
struct Machine {
  std::string name;
  double cpus = 0;
  std::uint64_t memory_bytes = 0;
  std::vector<std::string> gpus;  ///< their names, e.g. UUIDs
};

/// Where an instance is: its machine and its GPUs there.
struct Place {
  std::string machine;
  std::vector<std::string> gpus;
  bool operator==(const Place&) const = default;
};
/// Of a job, an instance each.
using Placement = std::vector<Place>;

/// An amount of each component; below zero where more is held than there is. Cores count in
/// thousandths, since sums of fractions are not exact.
struct Room {
  std::int64_t cpu_thousandths = 0, memory_bytes = 0, gpus = 0;
  Room() = default;
  explicit Room(const Resources& r);
  Resources resources() const;  ///< nothing where less than nothing
  bool holds(const Room& need) const {
    return need.cpu_thousandths <= cpu_thousandths && need.memory_bytes <= memory_bytes &&
           need.gpus <= gpus;
  }
  /// How often `need` fits, at most `limit`.
  std::int64_t times(const Room& need, std::int64_t limit) const;
  Room& operator+=(const Room& r);
  Room& operator-=(const Room& r);
  auto operator<=>(const Room&) const = default;
};
Room operator*(const Room& r, std::int64_t n);
/// The larger of each component.
Room larger(const Room& a, const Room& b);

/// Rooms by number, with the largest of each component known: who may find room, and where, is
/// asked in logarithmic time.
class RoomTree {
public:
  explicit RoomTree(std::vector<Room> rooms);
  const Room& at(std::size_t n) const { return nodes_[leaves_ + n]; }
  void set(std::size_t n, const Room& room);
  /// The first from `n` on that holds `need`; size() if none does.
  std::size_t first(const Room& need, std::size_t n) const;
  std::size_t size() const { return size_; }
  /// The largest of each component, perhaps of different machines.
  const Room& largest() const { return nodes_[1]; }

private:
  std::size_t size_, leaves_;
  std::vector<Room> nodes_;
};

/// A GPU that somebody uses who is no job.
struct ForeignUse {
  std::string machine, gpu;
  std::string by;  ///< for people: "GPU 0 is used by pid 4242 (18 GiB)"
  bool operator==(const ForeignUse&) const = default;
};

class Capacity {
public:
  explicit Capacity(std::vector<Machine> machines);

  /// A place for an instance on machine `n`, which must have room for it.
  Place take(std::size_t n, const Room& need);
  /// The same at a place that was given before. Machines and GPUs that are gone take nothing.
  void take(const Place& place, const Room& need);
  void give(const Place& place, const Room& need);

  /// Who uses GPUs without being a job, all of them; these are not free until told otherwise.
  void use_by_others(std::vector<ForeignUse> uses);
  const std::vector<ForeignUse>& others() const { return others_; }

  const RoomTree& free() const { return free_; }
  const Room& total(std::size_t n) const { return machines_[n].total; }
  const Room& total() const { return total_; }
  std::optional<std::size_t> find(const std::string& machine) const;
  const std::string& name(std::size_t n) const { return machines_[n].name; }
  std::size_t size() const { return machines_.size(); }

private:
  struct Gpu {
    std::string name;
    bool is_held = false, is_used_by_others = false;
  };
  struct State {
    std::string name;
    Room total, held;
    std::vector<Gpu> gpus;
  };
  void count(std::size_t n);

  std::vector<State> machines_;
  std::map<std::string, std::size_t> numbers_;
  std::vector<ForeignUse> others_;
  Room total_;
  RoomTree free_;
};

}  // namespace trainyard::job
