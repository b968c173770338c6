#include "agent/runtime/sandbox_failure.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstring>

namespace trainyard::agent {
namespace {

using Stage = Word::Stage;

std::string told(Stage stage, int error, int step = 0, const char* program = "train") {
  SandboxSpec spec;
  spec.argv = {program};
  spec.working_directory = "/opt/ml/code";
  SandboxPlan plan;
  plan.trees.push_back({"/store/data", true, false});
  Step overlay;
  overlay.action = Step::Action::filesystem;
  overlay.type = "overlay";
  overlay.target = "opt/ml/input";
  plan.steps.push_back(overlay);
  Step link;
  link.action = Step::Action::link;
  link.target = "bin";
  plan.steps.push_back(link);
  Word word;
  word.stage = stage;
  word.error = error;
  word.step = step;
  return explain(word, plan, spec);
}

}  // namespace

TEST_CASE("a program that is missing is told apart by how it was named") {
  CHECK(told(Stage::execute, ENOENT) ==
        "run train: No such file or directory; no directory of PATH inside the container has it");
  CHECK(told(Stage::execute, ENOENT, 0, "/bin/train") ==
        "run /bin/train: No such file or directory; inside the container there is no such program, "
        "or not the interpreter that its first line names");
}

TEST_CASE("a program that cannot be run says how to make it one") {
  CHECK(told(Stage::execute, EACCES) ==
        "run train: Permission denied; make it executable, for everybody");
  CHECK(told(Stage::execute, ENOEXEC) ==
        "run train: Exec format error; it is no program: does a script lack its #! line?");
}

TEST_CASE("the working directory is named") {
  CHECK(told(Stage::directory, ENOENT) ==
        "enter the working directory /opt/ml/code: No such file or directory");
}

TEST_CASE("trees and steps are named by what they are of") {
  CHECK(told(Stage::tree, EIO) == "take /store/data into the sandbox: Input/output error");
  CHECK(told(Stage::step, ENOSPC) ==
        "mount a file system of type overlay at /opt/ml/input: No space left on device");
  CHECK(told(Stage::step, EEXIST, 1) == "make the link /bin: File exists");
}

TEST_CASE("a number that no plan has is passed over") {
  CHECK(told(Stage::tree, EIO, 7) == "take a directory into the sandbox: Input/output error");
  CHECK(told(Stage::step, EIO, -1) == "build the sandbox's root: Input/output error");
}

TEST_CASE("what the machine forbids while it is built points at the doctor, later things do not") {
  const std::string doctor = "; `trainyard doctor` tells what this machine does not allow";
  for (const Stage stage : {Stage::identity, Stage::network, Stage::root, Stage::privileges})
    CHECK(told(stage, EPERM).ends_with(doctor));
  CHECK_FALSE(told(Stage::directory, EACCES).ends_with(doctor));
  CHECK_FALSE(told(Stage::root, ENOMEM).ends_with(doctor));
}

TEST_CASE("what the kernel said beyond errno is told") {
  Word word;
  word.stage = Stage::root;
  word.error = EINVAL;
  std::memcpy(word.text, "overlay: upper is full", 23);
  CHECK(explain(word, {}, {}) ==
        "mount the sandbox's root: Invalid argument (overlay: upper is full)");
}

}  // namespace trainyard::agent
