#include "agent/owned_tree.hpp"

#include "agent/container.hpp"
#include "os/id_map.hpp"
#include "os/mounts.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace trainyard::agent {

Result<os::Fd> owned_tree(const wire::ChannelSpec& channel, os::Owner job) {
  const auto front = fmt::format("show channel '{}' ({}) as user {}'s", channel.Name,
                                 channel.Source, channel.OwnerUid);
  if (!channel.Source.starts_with(channel.Within))
    return fail_internal(front + ": it is not in " + channel.Within);
  std::string below = channel.Source.substr(channel.Within.size());
  below.erase(0, below.find_first_not_of('/'));
  os::Fd tree(os::clone_tree_within(channel.Within.c_str(), below.empty() ? "." : below.c_str(),
                                    {channel.Access != "rw", false}));
  if (!tree) return fail_errno(front);
  const auto ids =
      os::swapping_namespace({uid_t(channel.OwnerUid), job.uid, gid_t(channel.OwnerGid), job.gid});
  if (!ids) return in_context(ids.error(), front);
  if (os::map_ids(tree.get(), ids->get()) == 0) return tree;
  if (errno != EINVAL) return fail_errno(front);
  return fail_internal(front + ": its file system cannot show files as another user's (it has no "
                               "ID-mapped mounts, as NFS has none). Put the directory on one that "
                               "can, as ext4 and xfs, or take [users] of this user out of the "
                               "service's settings");
}

Result<std::vector<os::Fd>> owned_trees(const wire::InstanceSpec& spec,
                                        std::map<std::string, int>& trees) {
  std::vector<os::Fd> out;
  for (const auto& channel : spec.Channels)
    if (is_anothers(channel, owner_of(spec)))
      trees[channel.Name] = out.emplace_back(TRY(owned_tree(channel, owner_of(spec)))).get();
  return out;
}

}  // namespace trainyard::agent
