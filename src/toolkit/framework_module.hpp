#pragma once
/// Frameworks whose containers bring their own Python entry ("MODULE:FUNCTION" in
/// SAGEMAKER_TRAINING_MODULE): they are arbitrary Python and are handed over to it.

#include "base/result.hpp"
#include "toolkit/script.hpp"

#include <string>

namespace trainyard::toolkit {

/// Runs the module's function in the image's Python: by the image's own sagemaker_training where it
/// has one, which then does all of the contract, else directly.
Result<> hand_over(Training& training, const std::string& module);

}  // namespace trainyard::toolkit
