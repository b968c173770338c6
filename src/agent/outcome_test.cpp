#include "agent/outcome.hpp"

#include <doctest/doctest.h>

namespace trainyard::agent {
namespace {

// SEMANTICS J11
TEST_CASE("a script that ends with 0, or that was asked to end, has not failed") {
  CHECK(judge({}, "", false).failure.empty());
  CHECK(judge({.code = 143}, "x", true).failure.empty());
}

// SEMANTICS J29
TEST_CASE("the failure file's text and the exit code make the reason") {
  CHECK(judge({.code = 1}, "ExecuteUserScriptError:\nExitCode 3", false).failure ==
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 3, exit code: 1");
  CHECK(judge({.code = 3}, "", false).failure == "AlgorithmError: , exit code: 3");
}

// SEMANTICS J29
TEST_CASE("a long text is cut between characters so that the reason, with its code, is 1,024") {
  const std::string text = std::string(993, 'a') + "\xc3\xbc" + std::string(5000, 'b');
  const std::string short_by_one = judge({.code = 1}, text, false).failure;
  CHECK(short_by_one == "AlgorithmError: " + std::string(993, 'a') + ", exit code: 1");
  CHECK(short_by_one.size() == 1023);
  CHECK(judge({.code = 1}, "a" + text, false).failure ==
        "AlgorithmError: " + std::string(994, 'a') + ", exit code: 1");
}

// SEMANTICS J31, X18
TEST_CASE("a kill for memory is named with its peak, another signal by its name") {
  Exit oom{.signal = 9, .out_of_memory = true, .memory_peak_bytes = 3ull << 30};
  CHECK(judge(oom, "", false).failure ==
        "AlgorithmError: OutOfMemory: the script was killed at its memory limit (peak 3.00 GiB), "
        "exit code: 137");
  CHECK(judge(oom, "its last words", false).failure ==
        "AlgorithmError: OutOfMemory: the script was killed at its memory limit (peak 3.00 GiB). "
        "its last words, exit code: 137");
  CHECK(judge({.signal = 11}, "", false).failure ==
        "AlgorithmError: killed by SIGSEGV, exit code: 139");
}

// SEMANTICS X18
TEST_CASE("where no group can tell, a script that SIGKILL ended under the toolkit was likely "
          "killed for memory, with the peak") {
  const std::string words = "ExecuteUserScriptError:\nExitCode -9\nErrorMessage \"\"";
  Exit exit{.code = 1, .memory_peak_bytes = 3ull << 29};
  CHECK(judge(exit, words, false).failure ==
        "AlgorithmError: killed, likely out of memory (peak 1.50 GiB). " + words +
            ", exit code: 1");
  exit.counts_memory_kills = true;  // and there was none
  CHECK(judge(exit, words, false).failure == "AlgorithmError: " + words + ", exit code: 1");
  CHECK(judge({.code = 1}, "ExecuteUserScriptError:\nExitCode 3\n", false).failure ==
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 3\n, exit code: 1");
}

// SEMANTICS J32
TEST_CASE("what could not be stored is the job's failure where it is too large") {
  CHECK(upload_failure({ErrorKind::limit, "", "x"}) ==
        "ClientError: the outputs could not be stored: x");
  CHECK(upload_failure({ErrorKind::unavailable, "", "x"}) ==
        "InternalServerError: the outputs could not be stored: x");
}

// SEMANTICS J32
TEST_CASE("a container that could not be made is our failure unless the request is wrong") {
  CHECK(setup_failure({ErrorKind::internal, "", "x"}) == "InternalServerError: x");
  CHECK(setup_failure({ErrorKind::not_found, "", "x"}) == "ClientError: x");
}

// SEMANTICS J32, X27
TEST_CASE(
    "a program that cannot be run is the request's, what else keeps it from running is ours") {
  CHECK(judge({.setup_failed = true, .unrunnable = true, .message = "run x: no"}, "", false)
            .failure == "ClientError: the container could not start the command: run x: no");
  CHECK(judge({.setup_failed = true, .message = "mount: no"}, "", false).failure ==
        "InternalServerError: the container could not start the command: mount: no");
}

}  // namespace
// SEMANTICS E10
TEST_CASE("a module that the service's image has is named with its cure, whole") {
  const std::string hint = missing_module_hint(
      "Traceback\nModuleNotFoundError: No module named 'sklearn.linear_model'\nbye\n", "venv /v");
  CHECK(hint ==
        "The service's image has the module sklearn, the environment here (venv /v) has not: "
        "add scikit-learn to requirements.txt, or install it there");
  CHECK(missing_module_hint("ModuleNotFoundError: No module named 'mine'\n", "x") == "");
  CHECK(missing_module_hint("No module named 'torch'\n", "x") == "");
  CHECK(missing_module_hint("ModuleNotFoundError: No module named 'torch", "x") != "");
  Exit exit;
  exit.code = 1;
  CHECK(judge(exit, "", false, hint).failure == "AlgorithmError: " + hint + ", exit code: 1");
  const std::string failure = judge(exit, std::string(2000, 'x'), false, hint).failure;
  CHECK(failure.size() == 1024);
  CHECK(failure.ends_with("xxx. " + hint + ", exit code: 1"));
}

}  // namespace trainyard::agent
