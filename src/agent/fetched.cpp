#include "agent/fetched.hpp"

#include "agent/channels/fetched_tree.hpp"
#include "agent/channels/look_up.hpp"
#include "agent/channels/sequence_index.hpp"
#include "os/fuse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace trainyard::agent {
namespace {

using Units = std::vector<wire::SequenceUnit>;

constexpr std::uint64_t partial_bytes_min = 256u << 20;

std::uint64_t bytes_of(const Units& units) {
  std::uint64_t out = 0;
  for (const auto& unit : units)
    for (const auto& item : unit.Items)
      if (item.Object && item.Object->Size > 0) out += std::uint64_t(item.Object->Size);
  return out;
}

// All objects of a channel are of one origin.
bool is_of_another_s3(const Units& units, const wire::InstanceSpec& spec) {
  for (const auto& unit : units)
    for (const auto& item : unit.Items) {
      if (!item.Object) continue;
      const auto is_it = [&](const auto& origin) { return origin.Name == item.Object->Origin; };
      const auto it = std::find_if(spec.Origins.begin(), spec.Origins.end(), is_it);
      return it != spec.Origins.end() && !it->Endpoint.empty();
    }
  return false;
}

Result<bool> comes_as_it_is_read(const wire::ChannelSpec& channel, const Units& units,
                                 const wire::InstanceSpec& spec, std::vector<std::string>& notes) {
  if (channel.InputMode != "FastFile" || !is_of_another_s3(units, spec)) return false;
  const auto can = os::can_mount_fuse();
  if (can) return true;
  if (spec.Strict)
    return in_context(can.error(), "channel '" + channel.Name + "' asks for FastFile mode");
  notes.push_back(fmt::format("channel '{}': FastFile mode is not possible here, so all of it is "
                              "downloaded first: {}",
                              channel.Name, can.error().message));
  return false;
}

// Root mounts by itself, and may then lend files to the kernel. Another user may not mount, but its
// job's container may, where that user is 0.
Result<std::unique_ptr<FastFile>> make_fast_file(Units units, const wire::InstanceSpec& spec,
                                                 Fetcher& fetcher,
                                                 std::shared_ptr<HeldBytes> held) {
  TRY(look_up(units, fetcher));
  const bool is_root = ::geteuid() == 0;
  auto out = std::make_unique<FastFile>(TRY(ObjectTree::make(std::move(units))),
                                        is_root ? owner_of(spec) : os::Owner{0, 0}, fetcher,
                                        std::move(held));
  if (is_root) TRY(out->mount());
  return out;
}

// For all FastFile channels of an instance together.
Result<std::shared_ptr<HeldBytes>> make_held_bytes(const wire::InstanceSpec& spec) {
  const auto space = TRY(os::space(spec.Cache.Root));
  const std::uint64_t most = std::min(std::uint64_t(spec.Cache.BytesMax), space.free_bytes / 2);
  return std::make_shared<HeldBytes>(std::max(most, partial_bytes_min));
}

// Each epoch has the objects as they were at the job's start.
Result<Units> sequence_of(const wire::ChannelSpec& channel, Fetcher& fetcher) {
  Units units = TRY(read_sequence_index(channel.Source));
  const auto looked_up = look_up(units, fetcher);
  if (!looked_up) return in_context(looked_up.error(), "channel '" + channel.Name + "'");
  return units;
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

Result<Fetched> fetch_channels(wire::InstanceSpec& spec, const InstancePaths& paths,
                               Fetcher& fetcher, FetchProgress& progress,
                               std::vector<std::string>& notes) {
  Fetched out;
  std::map<std::string, Units> staged;
  const auto held = TRY(make_held_bytes(spec));
  for (const auto& channel : spec.Channels) {
    if (channel.InputMode == "Pipe") {
      out.sequences[channel.Name] = TRY(sequence_of(channel, fetcher));
      continue;
    }
    if (!channel.Fetched) continue;
    Units units = TRY(read_sequence_index(channel.Source));
    if (!TRY(comes_as_it_is_read(channel, units, spec, notes))) {
      progress.expected += bytes_of(units);
      staged[channel.Name] = std::move(units);
      continue;
    }
    auto files = make_fast_file(std::move(units), spec, fetcher, held);
    if (!files) return in_context(files.error(), "channel '" + channel.Name + "'");
    out.fast_files[channel.Name] = std::move(*files);
  }
  const os::Owner owner = owner_of(spec);
  TRY(os::make_directories(paths.fetched(), 0711));
  for (auto& channel : spec.Channels) {
    const auto units = staged.find(channel.Name);
    if (units == staged.end()) continue;
    const os::Path tree = paths.fetched() / channel.Name;
    auto made = make_fetched_tree(units->second, tree, owner, fetcher);
    if (!made) return in_context(made.error(), "channel '" + channel.Name + "'");
    channel.Source = tree;
  }
  return out;
}

}  // namespace trainyard::agent
