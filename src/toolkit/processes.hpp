#pragma once
/// What launchers of several processes share.
///
/// Source: sagemaker-training 5.1.4, __init__.py and runner.py.

#include "toolkit/environment.hpp"

#include <string>
#include <string_view>

namespace trainyard::toolkit {

/// As many as was asked for, or one for each accelerator.
std::string processes_per_host(const TrainingEnvironment& environment);

/// Whether instances of the type have Amazon's network adapter, and whether it reads memory itself.
bool has_efa(std::string_view instance_type);
bool has_rdma(std::string_view instance_type);

}  // namespace trainyard::toolkit
