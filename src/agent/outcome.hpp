#pragma once
/// What a container's end means for the job, in words. Pure.

#include "agent/runtime/runtime.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::agent {

struct Outcome {
  std::string failure;  ///< FailureReason, "" when the script did well or was asked to end
  std::vector<std::string> notes;  ///< lines for the job's log
};

/// `failure_text` is /opt/ml/output/failure; `hint` stands behind it, whole. A script that was
/// asked to end may end as it likes.
Outcome judge(const Exit& exit, std::string_view failure_text, bool was_asked_to_end,
              std::string_view hint = "");

/// What to do where the end of a log tells of a module that Python did not find, if the service's
/// framework images have it; else "".
std::string missing_module_hint(std::string_view log_end, std::string_view environment);

/// FailureReason of a job whose container could not be made.
std::string setup_failure(const Error& error);
/// Of one whose outputs could not be stored, and of one whose agent could not go on.
std::string upload_failure(const Error& error);
std::string agent_failure(const Error& error);

/// "SIGKILL" for 9, ...
std::string signal_name(int signal);

}  // namespace trainyard::agent
