#pragma once
/// `trainyard doctor`: what this machine can and cannot do for jobs.

#include "base/result.hpp"
#include "base/settings.hpp"
#include "os/files.hpp"

namespace trainyard {

/// Prints it for a service on that data directory with those settings, each "no" with its cure. The
/// exit code.
Result<int> doctor(const os::Path& data, const Settings& settings, bool json);

}  // namespace trainyard
