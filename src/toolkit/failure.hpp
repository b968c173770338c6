#pragma once
/// How a run ends for those who look from outside: the files output/failure and output/success, the
/// exit code, and the wording of both.
///
/// Source: sagemaker-training 5.1.4's errors.py and trainer.py. An Error whose code is one of the
/// names below is the user's: its message alone is the failure. Any other is a "Framework Error".

#include "base/result.hpp"
#include "toolkit/base_directory.hpp"
#include "toolkit/log_lines.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::toolkit {

inline constexpr std::string_view client_error = "ClientError";
inline constexpr std::string_view script_error = "ExecuteUserScriptError";
inline constexpr std::string_view install_module_error = "InstallModuleError";
inline constexpr std::string_view install_requirements_error = "InstallRequirementsError";

/// The user's mistake, in one sentence.
Failure refuse(std::string message);
/// A configuration file or variable that cannot be meant: a framework error, as in the original.
Failure misconfigured(std::string message);
/// What no argument list can hold: execve's E2BIG.
Failure too_big(std::string message);

/// The error of a command that ended badly. `status` as Python counts it: -9 for a signal.
Failure command_failed(std::string_view error_class, const std::string& status,
                       const std::string& output, const std::vector<std::string>& command);

struct Verdict {
  std::string text;   ///< for output/failure
  int exit_code = 1;  ///< the errno of a failed system call, else 1
};
Verdict verdict_on(const Error& error);

/// Writes output/failure unless the script wrote its own. `log` is told of the latter.
Result<> write_failure(const BaseDirectory& at, std::string_view text, const LogLines& log);
/// Writes output/success, empty.
Result<> write_success(const BaseDirectory& at);

}  // namespace trainyard::toolkit
