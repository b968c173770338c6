#pragma once
/// Running a command of the training to its end: pip, the script.

#include "base/result.hpp"
#include "toolkit/error_capture.hpp"
#include "toolkit/signals.hpp"
#include "toolkit/variables.hpp"

#include <string>
#include <vector>

namespace trainyard::toolkit {

struct Command {
  std::vector<std::string> argv;
  std::string directory;  ///< "" = this process's
  bool captured = false;  ///< output passes through here and errors are kept, else it is inherited
  bool keeps_output = false;  ///< captured, and its last MiB is kept as it is
  std::string program = {};   ///< its path; "" = argv[0], which is one
};

struct CommandEnd {
  int status = 0;      ///< its exit code, or minus the signal that killed it
  std::string errors;  ///< what ErrorCapture kept; "" unless captured
  std::string output;  ///< "" unless kept
};

/// Runs the command in a session of its own, passes signals on to its process group, reaps whatever
/// is orphaned meanwhile and returns when it has ended. After a signal that asks to end it waits
/// for the rest of the group too: a shell dies at once where the script behind it still saves its
/// state.
///
/// Captured output is copied to standard output byte for byte, standard error in the same pipe and
/// so in its order. What a left-behind daemon writes later is not waited for.
Result<CommandEnd> run_command(const Command& command, const Variables& variables,
                               SignalForwarding& signals, std::string_view error_class);

/// run_command(), and any end but status 0 as the error of that class.
Result<> check_command(const Command& command, const Variables& variables,
                       SignalForwarding& signals, std::string_view error_class);

/// Makes orphans of the commands children of this process, so that they can be waited for.
Result<> adopt_orphans();

}  // namespace trainyard::toolkit
