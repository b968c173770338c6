#pragma once
/// The tree that is /opt/ml inside: directories and the service's configuration files.

#include "agent/container.hpp"
#include "base/result.hpp"
#include "wire/instance/spec.hpp"

#include <map>
#include <string>

namespace trainyard::agent {

/// The files of /opt/ml/input/config by name, as the service writes them. Pure.
std::map<std::string, std::string> config_files(const wire::InstanceSpec& spec,
                                                const std::string& network_interface);

/// Makes the directory and its parents; it is the job's user's, where the agent is root.
Result<> make_owned(const os::Path& path, const wire::InstanceSpec& spec);

/// Makes the tree under paths.ml() and the checkpoint directory, owned by the job's user, so that
/// all of it can be written inside. Repeatable.
Result<> lay_out(const wire::InstanceSpec& spec, const InstancePaths& paths,
                 const std::string& network_interface);

/// What the job wrote to /opt/ml/output/failure, at most 64 KiB, or "" where there is none. The
/// file is the job's: only a plain file is read, no link is followed.
std::string failure_text(const InstancePaths& paths);

}  // namespace trainyard::agent
