#pragma once
/// Installing what the user's code asks for, by the image's own pip.

#include "base/result.hpp"
#include "toolkit/entry_point.hpp"
#include "toolkit/log_lines.hpp"
#include "toolkit/signals.hpp"
#include "toolkit/variables.hpp"

#include <string>

namespace trainyard::toolkit {

struct Installation {
  EntryPointKind kind;
  std::string code;    ///< the code directory
  std::string python;  ///< the interpreter, "" for commands
  bool captured;       ///< as for the script itself
};

/// A package is installed with its requirements.txt, a program's requirements.txt alone; a command
/// gets neither, as in the original. Where an agent can be asked the image's Python is another's:
/// what is missing goes beside it, and `variables` lead there. Fails aloud for CA_REPOSITORY_ARN,
/// which is not offered.
Result<> install_dependencies(const Installation& what, Variables& variables,
                              SignalForwarding& signals, const LogLines& log);

}  // namespace trainyard::toolkit
