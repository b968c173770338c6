#include "service/engine/sizing.hpp"

#include "base/closest.hpp"
#include "wire/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace trainyard::engine {
namespace {

std::string describe(const job::Resources& r) {
  const double gib = std::round(double(r.memory_bytes) / double(1u << 30) * 10) / 10;
  return fmt::format("{:g} cores, {:g} GiB, {} GPU{}", r.cpus, gib, r.gpus, r.gpus == 1 ? "" : "s");
}

void override_with(const SizeSettings& s, job::Resources& r) {
  if (s.cpus) r.cpus = *s.cpus;
  if (s.memory_bytes) r.memory_bytes = *s.memory_bytes;
  if (s.gpus) r.gpus = *s.gpus;
}

}  // namespace

Sizing size_instance(std::string_view type, const Settings& settings,
                     const job::Resources& machine) {
  Sizing out;
  const fleet::InstanceSize size = fleet::instance_size(type);
  out.wanted = {size.cpus, size.memory_bytes, size.gpus};
  if (const auto it = settings.instances.find(std::string(type)); it != settings.instances.end())
    override_with(it->second, out.wanted);
  out.given = {std::min(out.wanted.cpus, machine.cpus),
               std::min(out.wanted.memory_bytes, machine.memory_bytes),
               std::min(out.wanted.gpus, machine.gpus)};
  const auto known = fleet::known_types();
  const bool is_known = settings.instances.contains(std::string(type)) ||
                        std::find(known.begin(), known.end(), type) != known.end();
  const std::string is = is_known
                             ? fmt::format("{} is {}", type, describe(out.wanted))
                             : fmt::format("{} is not known here and taken, by its name, for {}",
                                           type, describe(out.wanted));
  if (!job::fits(out.wanted, machine))
    out.sentence = fmt::format("{}; this machine gives it {}", is, describe(out.given));
  else if (!is_known && !type.empty())
    out.sentence = is;
  return out;
}

std::string instance_type_fault(std::string_view type) {
  const auto known = fleet::known_types();
  if (std::find(known.begin(), known.end(), type) != known.end() ||
      wire::matches(R"(ml\.[a-z0-9-]+\.(medium|large|[0-9]{0,3}xlarge))", type))
    return "";
  return fmt::format("'{}' is no instance type; did you mean '{}'?", type, closest(type, known));
}

job::Resources machine_resources(const Settings& settings, std::size_t gpus) {
  struct sysinfo info{};
  ::sysinfo(&info);
  job::Resources out{double(::sysconf(_SC_NPROCESSORS_ONLN)),
                     std::uint64_t(info.totalram) * info.mem_unit, std::int64_t(gpus)};
  override_with(settings.machine, out);
  return out;
}

}  // namespace trainyard::engine
