#pragma once
/// Running the user's script: code, dependencies, variables, command. The same in every mode.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "toolkit/base_directory.hpp"
#include "toolkit/environment.hpp"
#include "toolkit/log_lines.hpp"
#include "toolkit/signals.hpp"
#include "toolkit/variables.hpp"

namespace trainyard::toolkit {

/// What the parts of one run share. Owned by train().
struct Training {
  BaseDirectory at;
  Variables& variables;  ///< grows: what pip and the script get
  const TrainingEnvironment& environment;
  SignalForwarding& signals;
  const LogLines& log;
  const Clock& clock;
};

/// What starts the script's processes.
enum class Launcher { none, torchrun, mpi };

/// Brings the code, installs, exports SM_*, waits for the hosts, runs. `captured`: see Command.
Result<> run_script(Training& training, bool captured, Launcher launcher);

/// SM_STUDIO_LOCAL_MODE=true: hosts are not waited for.
bool skips_host_wait(const Variables& variables);

}  // namespace trainyard::toolkit
