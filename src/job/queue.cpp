#include "job/queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace trainyard::job {
namespace {

// Cores are compared in thousandths: sums of fractions are not exact.
std::int64_t thousandths(double cpus) {
  return std::llround(cpus * 1000);
}

std::string shortage(const Resources& need, const Resources& free) {
  std::vector<std::string> parts;
  if (thousandths(need.cpus) > thousandths(free.cpus))
    parts.push_back(fmt::format("{:g} of {:g} cores", free.cpus, need.cpus));
  if (need.memory_bytes > free.memory_bytes)
    parts.push_back(fmt::format("{:.1f} of {:.1f} GiB", double(free.memory_bytes) / (1u << 30),
                                double(need.memory_bytes) / (1u << 30)));
  if (need.gpus > free.gpus) parts.push_back(fmt::format("{} of {} GPUs", free.gpus, need.gpus));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

bool fits(const Resources& need, const Resources& free) {
  return thousandths(need.cpus) <= thousandths(free.cpus) &&
         need.memory_bytes <= free.memory_bytes && need.gpus <= free.gpus;
}

// The first that is not before `order`.
Queue::Line::const_iterator Queue::place(const std::string& order) const {
  return std::ranges::lower_bound(waiting_, order, {}, &Waiting::order);
}

void Queue::add(const std::string& id, const std::string& order, Resources need) {
  if (order_of_.contains(id) || holding_.contains(id)) return;
  waiting_.insert(place(order), Waiting{order, id, need});
  order_of_.emplace(id, order);
}

void Queue::hold(const std::string& id, Resources need) {
  if (!holding_.emplace(id, need).second) return;
  held_.cpus += need.cpus;
  held_.memory_bytes += need.memory_bytes;
  held_.gpus += need.gpus;
}

Resources Queue::free() const {
  return {std::max(0.0, capacity_.cpus - held_.cpus),
          capacity_.memory_bytes - std::min(capacity_.memory_bytes, held_.memory_bytes),
          std::max<std::int64_t>(0, capacity_.gpus - held_.gpus)};
}

bool Queue::forget(const std::string& id) {
  const auto it = order_of_.find(id);
  if (it == order_of_.end()) return false;
  waiting_.erase(place(it->second));
  order_of_.erase(it);
  return true;
}

void Queue::remove(const std::string& id) {
  forget(id);
  const auto it = holding_.find(id);
  if (it == holding_.end()) return;
  held_.cpus -= it->second.cpus;
  held_.memory_bytes -= it->second.memory_bytes;
  held_.gpus -= it->second.gpus;
  holding_.erase(it);
}

std::vector<std::string> Queue::admit() {
  std::vector<std::string> out;
  while (!waiting_.empty() && fits(waiting_.front().need, free())) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    order_of_.erase(next.id);
    hold(next.id, next.need);
    out.push_back(next.id);
  }
  return out;
}

std::string Queue::why(const std::string& id) const {
  const auto it = order_of_.find(id);
  if (it == order_of_.end()) return "";
  const auto ahead = place(it->second) - waiting_.begin();
  const Waiting& first = waiting_.front();
  if (ahead == 0)
    return fmt::format("waits for capacity: {} free, held by {} running job{}",
                       shortage(first.need, free()), holding_.size(),
                       holding_.size() == 1 ? "" : "s");
  return fmt::format("waits behind {} job{}; the first of them needs more than is free ({})", ahead,
                     ahead == 1 ? "" : "s", shortage(first.need, free()));
}

}  // namespace trainyard::job
