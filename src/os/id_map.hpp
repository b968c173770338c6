#pragma once
/// Mounts that show one user's files as another's (user_namespaces(7), mount_setattr(2)).

#include "base/result.hpp"
#include "os/fd.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>

namespace trainyard::os {

/// The text of a uid_map or gid_map in which `a` and `b` change places and everybody else stays
/// who they are: all of `own`, the text of this process's own map. Pure. "" where one of them is
/// nobody here.
std::string swapping_map(std::string_view own, id_t a, id_t b);

struct SwappedIds {
  uid_t uid = 0, other_uid = 0;
  gid_t gid = 0, other_gid = 0;
};
/// A user namespace with those maps, for map_ids(): nobody lives in it. For root.
Result<Fd> swapping_namespace(const SwappedIds& ids);

/// What lies in `tree`, a mount that is attached nowhere yet, is shown as `user_namespace` maps it,
/// and what is made there belongs to whom it maps to. -1 and errno: EINVAL where the file system
/// has no such mounts.
int map_ids(int tree, int user_namespace) noexcept;

}  // namespace trainyard::os
