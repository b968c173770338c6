#pragma once
/// What may be an environment: service and agent hold it to the same rule.

#include "base/result.hpp"
#include "wire/instance/spec.hpp"

#include <filesystem>

namespace trainyard::wire {

/// Refuses (kind `invalid`) an environment whose mounts, the directories that its interpreter is
/// two levels below, or whose root would show a job a person's home, `home` or another, or the
/// machine's files: a Python in /home/kim/bin, say, or the root "/". `real` is where the
/// interpreter, or the root, really lies; a root lies where it says. What the settings mount
/// besides is the administrator's choice.
Result<> check_environment(const EnvironmentSpec& environment, const std::filesystem::path& real,
                           const std::filesystem::path& home);

}  // namespace trainyard::wire
