#pragma once
/// A channel whose directory belongs to a user of this machine: what the job makes there is theirs,
/// and what is theirs the job may read and write as its own.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/link_tree.hpp"
#include "wire/instance/spec.hpp"

#include <map>
#include <string>
#include <vector>

namespace trainyard::agent {

/// A mount of the channel's directory, attached nowhere, in which `job`, who the job's processes
/// are, and the channel's owner change places. For root. The error says what the file system lacks.
Result<os::Fd> owned_tree(const wire::ChannelSpec& channel, os::Owner job);

/// The same of each channel that is another's; `trees` gets the descriptor of each, by its name.
Result<std::vector<os::Fd>> owned_trees(const wire::InstanceSpec& spec,
                                        std::map<std::string, int>& trees);

}  // namespace trainyard::agent
