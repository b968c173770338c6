#include "cli/commands.hpp"
#include "cli/connection.hpp"
#include "cli/print.hpp"
#include "wire/json.hpp"
#include "wire/shapes/trainyard.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace trainyard::cli {
namespace {

std::string size(std::int64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = double(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units))
    value /= 1024, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

// "3 jobs", "1 job": what is counted is named by a plural in -s.
std::string counted(std::int64_t count, std::string_view what) {
  if (count == 1 && what.ends_with('s')) what.remove_suffix(1);
  return fmt::format("{} {}", count, what);
}

std::vector<std::string> row(const wire::DiskShare& share) {
  return {share.Name, size(share.Bytes), counted(share.Count, share.What)};
}

}  // namespace

Result<int> show_disk(const Common& common) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer = TRY(service.call("Trainyard.DescribeDisk", std::string_view("{}")));
  if (common.json) return std::puts(answer.c_str()), ok;
  const auto disk = TRY(wire::decode_answer<wire::DescribeDiskResponse>(answer));
  std::vector<std::vector<std::string>> rows{{"WHAT", "SIZE", "OF"}};
  for (const auto& share : disk.Shares)
    rows.push_back(row(share));
  for (const auto& bucket : disk.Buckets)
    rows.push_back(row({"s3://" + bucket.Name, bucket.Bytes, bucket.Count, bucket.What}));
  std::fputs(table(rows).c_str(), stdout);
  fmt::print("{} of {} free; trainyard prune --dry-run tells what may go\n", size(disk.FreeBytes),
             size(disk.TotalBytes));
  return ok;
}

Result<int> show_caches(const Common& common) {
  Connection service = TRY(Connection::open(common.data));
  auto disk = TRY(wire::decode_answer<wire::DescribeDiskResponse>(
      TRY(service.call("Trainyard.DescribeDisk", std::string_view("{}")))));
  std::erase_if(disk.Shares, [](const wire::DiskShare& share) {
    return share.Name != "snapshots" && share.Name != "packages" && share.Name != "cache";
  });
  disk.Buckets.clear();
  if (common.json) return std::puts(wire::encode(disk).c_str()), ok;
  std::vector<std::vector<std::string>> rows{{"WHAT", "SIZE", "OF", "AT MOST"}};
  for (const auto& share : disk.Shares) {
    rows.push_back(row(share));
    rows.back().push_back(share.Name == "cache" ? size(disk.CacheBytesMax) : "-");
  }
  std::fputs(table(rows).c_str(), stdout);
  fmt::print("{} of {} free; trainyard cache clear --dry-run tells what may go\n",
             size(disk.FreeBytes), size(disk.TotalBytes));
  return ok;
}

Result<int> prune(const Common& common, const wire::PruneRequest& request) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer =
      TRY(service.call("Trainyard.Prune", std::string_view(wire::encode(request))));
  if (common.json) return std::puts(answer.c_str()), ok;
  const auto pruned = TRY(wire::decode_answer<wire::PruneResponse>(answer));
  std::vector<std::vector<std::string>> rows{{"WHAT", "SIZE", "OF"}};
  std::int64_t bytes = 0;
  for (const auto& share : pruned.Shares) {
    rows.push_back(row(share));
    bytes += share.Bytes;
  }
  std::fputs(table(rows).c_str(), stdout);
  fmt::print("{} {}\n", size(bytes), request.DryRun ? "would go; nothing was removed" : "removed");
  return ok;
}

}  // namespace trainyard::cli
