#include "toolkit/failure.hpp"

#include <doctest/doctest.h>

#include <cerrno>

using namespace trainyard;
using namespace trainyard::toolkit;

TEST_CASE("a command that failed is worded as the original words it") {
  const auto failed = command_failed(script_error, "3", "KeyError", {"/py", "--", "t.py"});
  CHECK(verdict_on(failed.value()).text ==
        "ExecuteUserScriptError:\nExitCode 3\nErrorMessage \"KeyError\"\nCommand \"/py -- t.py\"");
  CHECK(verdict_on(failed.value()).exit_code == 1);
}

TEST_CASE("137 is told as out of memory, a trace of the compiler as such") {
  CHECK(command_failed(script_error, "137", "", {"x"})
            .value()
            .message.find("ExtraInfo \"OutOfMemory: Process killed by SIGKILL (signal 9)\"") !=
        std::string::npos);
  CHECK(command_failed(script_error, "-9", "", {"x"}).value().message.find("ExtraInfo") ==
        std::string::npos);
  CHECK(command_failed(script_error, "1", "torch_xla/a.cc", {"x"})
            .value()
            .message.find("SMTrainingCompiler Error") != std::string::npos);
}

TEST_CASE("the user's mistakes are told alone, others as a framework error with their errno") {
  CHECK(verdict_on(refuse("no").value()).text == "no");
  const Verdict missing = verdict_on(fail_errno("read x", ENOENT).value());
  CHECK(missing.text == "Framework Error: \nread x: No such file or directory");
  CHECK(missing.exit_code == ENOENT);
  CHECK(verdict_on(fail_errno("write x", ENOSPC).value()).exit_code == ENOSPC);
  CHECK(verdict_on(too_big("x").value()).exit_code == E2BIG);
  CHECK(verdict_on(misconfigured("x").value()).exit_code == 1);
  CHECK(verdict_on(fail(ErrorKind::not_found, "S3Failure", "x").value()).exit_code == 1);
}
