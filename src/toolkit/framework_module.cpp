#include "toolkit/framework_module.hpp"

#include "toolkit/child.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/python_interpreter.hpp"

#include <unistd.h>

namespace trainyard::toolkit {
namespace {

// Runs with argv = [..., MODULE, FUNCTION] and leaves argv as the original's: ["train"].
constexpr const char* host_program = R"(
import importlib, sys
module, function = sys.argv[1:3]
sys.argv[:] = ["train"]
try:
    from sagemaker_training.trainer import train
except ImportError:
    getattr(importlib.import_module(module), function)()
else:
    train()
)";

}  // namespace

Result<> hand_over(Training& training, const std::string& module) {
  const std::size_t colon = module.find(':');
  if (colon == module.npos || module.find(':', colon + 1) != module.npos)
    return fail(ErrorKind::invalid, "ValueError",
                "SAGEMAKER_TRAINING_MODULE is '" + module + "'; it must be MODULE:FUNCTION");
  const std::string python = TRY(find_python(training.variables));
  const Command command{
      {python, "-c", host_program, module.substr(0, colon), module.substr(colon + 1)}, "", false};
  const auto end = TRY(run_command(command, training.variables, training.signals, script_error));
  if (end.status == 0) return {};
  return fail(ErrorKind::internal, "FrameworkModule",
              "framework module " + module + " ended with status " + std::to_string(end.status) +
                  "; its traceback is in the log");
}

}  // namespace trainyard::toolkit
