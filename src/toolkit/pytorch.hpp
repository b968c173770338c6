#pragma once
/// What PyTorch's training image does around the script.
///
/// Source: sagemaker-pytorch-training 3.0.0, training.py, for a single process on each host.

#include "base/result.hpp"
#include "toolkit/script.hpp"

#include <string_view>

namespace trainyard::toolkit {

/// The value of SAGEMAKER_TRAINING_MODULE that means this.
inline constexpr std::string_view pytorch_module = "sagemaker_pytorch_container.training:main";

/// Sets MASTER_*, NCCL_* and SM_DLC_TORCH_VERSION and runs the script with its errors kept.
Result<> run_pytorch(Training& training, Launcher launcher);

}  // namespace trainyard::toolkit
