#pragma once
/// `trainyard doctor`: what this machine can and cannot do for jobs.

#include "base/result.hpp"

namespace trainyard {

/// `trainyard doctor`: what this machine can and cannot do for jobs, each "no" with its cure. The
/// exit code.
Result<int> doctor(bool json);

}  // namespace trainyard
