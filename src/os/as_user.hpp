#pragma once
/// What another user may do, asked by root.

#include "base/result.hpp"
#include "os/link_tree.hpp"

namespace trainyard::os {

/// Whether `user`, with that one group, may list the directory once it is there, as by a mount:
/// what is above it does not matter. The calling thread puts root's powers over files aside
/// meanwhile, and takes them again; other threads keep theirs. As root.
Result<> may_list(const Path& directory, Owner user);

/// Whether `user`, with that one group, may read and write the device, likewise: by its mode, for
/// it is not opened.
Result<> may_use(const Path& device, Owner user);

}  // namespace trainyard::os
