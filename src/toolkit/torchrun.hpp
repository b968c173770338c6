#pragma once
/// Starting a script by torchrun, a process for each accelerator: what `distribution=
/// {"torch_distributed": {"enabled": True}}` asks for.
///
/// Source: sagemaker-training 5.1.4, torch_distributed.py and runner.py; order, options and
/// messages are its own.

#include "toolkit/child.hpp"
#include "toolkit/entry_point.hpp"
#include "toolkit/environment.hpp"
#include "toolkit/log_lines.hpp"
#include "toolkit/variables.hpp"

#include <string>
#include <vector>

namespace trainyard::toolkit {

inline constexpr std::string_view torchrun_flag = "sagemaker_torch_distributed_enabled";

/// The command for the script, and in `variables` what it needs besides. The torchrun beside
/// `python` is used, or else the module of it that this Python has: another's would start another
/// Python. Packages and commands are the user's error.
Result<Command> torchrun_command(const TrainingEnvironment& environment, EntryPointKind kind,
                                 const std::string& python, Variables& variables,
                                 const LogLines& log);

}  // namespace trainyard::toolkit
