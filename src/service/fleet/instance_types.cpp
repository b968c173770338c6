#include "service/fleet/instance_types.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace trainyard::fleet {
namespace {

// The table, made from instances.csv when this is built.
constexpr std::string_view table =
#include "instances.inc"
    ;

constexpr std::uint64_t gibibyte = 1ull << 30;
constexpr double xlarge_max = 1000;  // a name may hold any number

std::vector<std::string_view> split(std::string_view line, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto at = line.find(separator);
    out.push_back(line.substr(0, at));
    if (at == std::string_view::npos) return out;
    line.remove_prefix(at + 1);
  }
}

double number(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// type,vcpu,memory_gib,accelerators,accelerator,accelerator_memory_gib
std::optional<InstanceSize> from_table(std::string_view type) {
  for (const auto line : split(table, '\n')) {
    if (!line.starts_with(type) || line.substr(type.size(), 1) != ",") continue;
    const auto f = split(line, ',');
    if (f.size() < 5) continue;
    return InstanceSize{number(f[1]), std::uint64_t(number(f[2]) * double(gibibyte)),
                        std::int64_t(number(f[3])), std::string(f[4])};
  }
  return std::nullopt;
}

double cores_by_name(std::string_view size) {
  if (size == "large") return 2;
  if (size == "medium") return 1;
  const double times = number(size);
  if (size.ends_with("xlarge")) return 4 * std::clamp(times, 1.0, xlarge_max);
  return 2;
}

}  // namespace

InstanceSize instance_size(std::string_view type) {
  if (auto known = from_table(type)) return *known;
  const auto parts = split(type, '.');
  const std::string_view family = parts.size() > 1 ? parts[1] : std::string_view();
  InstanceSize out;
  out.cpus = cores_by_name(parts.back());
  const char first = family.empty() ? 'm' : family.front();
  const double gib_a_core = first == 'c' ? 2 : first == 'r' || first == 'x' ? 8 : 4;
  out.memory_bytes = std::uint64_t(out.cpus * gib_a_core) * gibibyte;
  if (first == 'g' || first == 'p' || family.starts_with("trn"))
    out.gpus = std::max<std::int64_t>(1, std::int64_t(out.cpus) / 8);
  return out;
}

std::vector<std::string_view> known_types() {
  std::vector<std::string_view> out;
  for (const auto line : split(table, '\n'))
    if (line.starts_with("ml.")) out.push_back(line.substr(0, line.find(',')));
  return out;
}

}  // namespace trainyard::fleet
