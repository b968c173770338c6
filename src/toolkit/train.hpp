#pragma once
/// The program: one training, from /opt/ml/input/config to /opt/ml/output.

#include "base/clock.hpp"
#include "toolkit/variables.hpp"

namespace trainyard::toolkit {

/// Does it all and returns the exit code: 0 and output/success, or output/failure and another.
int train(Variables variables, const Clock& clock);

}  // namespace trainyard::toolkit
