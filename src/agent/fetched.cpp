#include "agent/fetched.hpp"

#include "agent/channels/fetched_tree.hpp"
#include "agent/channels/sequence_index.hpp"

#include <fmt/format.h>

namespace trainyard::agent {
namespace {

std::uint64_t bytes_of(const std::vector<wire::SequenceUnit>& units) {
  std::uint64_t out = 0;
  for (const auto& unit : units)
    for (const auto& item : unit.Items)
      if (item.Object && item.Object->Size > 0) out += std::uint64_t(item.Object->Size);
  return out;
}

}  // namespace

std::string FetchProgress::sentence(std::uint64_t fetched) const {
  constexpr double mib = 1u << 20, gib = 1u << 30;
  const bool is_large = double(expected) >= gib;
  const double unit = is_large ? gib : mib;
  const char* name = is_large ? "GiB" : "MiB";
  // Of what a manifest names nobody knows the size before.
  if (fetched > expected)
    return fmt::format("Downloading input data: {:.1f} {}", double(fetched) / unit, name);
  return fmt::format("Downloading input data: {:.1f} of {:.1f} {}", double(fetched) / unit,
                     double(expected) / unit, name);
}

Result<> fetch_channels(wire::InstanceSpec& spec, const InstancePaths& paths, Fetcher& fetcher,
                        FetchProgress& progress) {
  std::map<std::string, std::vector<wire::SequenceUnit>> lists;
  for (const auto& channel : spec.Channels)
    if (channel.Fetched) lists[channel.Name] = TRY(read_sequence_index(channel.Source));
  for (const auto& [name, units] : lists)
    progress.expected += bytes_of(units);
  const os::Owner owner{uid_t(spec.HostUid), gid_t(spec.HostGid)};
  TRY(os::make_directories(paths.fetched(), 0711));
  for (auto& channel : spec.Channels) {
    if (!channel.Fetched) continue;
    const os::Path tree = paths.fetched() / channel.Name;
    auto made = make_fetched_tree(lists[channel.Name], tree, owner, fetcher);
    if (!made) return in_context(made.error(), "channel '" + channel.Name + "'");
    channel.Source = tree;
  }
  return {};
}

}  // namespace trainyard::agent
