/// What cannot be made or run: said in words that help, with nothing left behind.

#include "box.hpp"

#include <signal.h>
#include <sys/stat.h>

namespace trainyard::agent::contract {
namespace {

// The message of a program that could not be run.
std::string not_run(Box& box) {
  box.prepare();
  box.start();
  const Ended ended = box.finish();
  CHECK(ended.exit.setup_failed);
  CHECK(ended.exit.unrunnable == ended.exit.message.starts_with("run "));
  CHECK(ended.output == "");
  return ended.exit.message;
}

}  // namespace

// SEMANTICS X27
TEST_CASE("a program that no directory of PATH has") {
  Box box;
  box.spec.argv = {"no-such-program"};
  CHECK(not_run(box) == "run no-such-program: No such file or directory; no directory of PATH "
                        "inside the container has it");
}

// SEMANTICS X27
TEST_CASE("a program that is missing or whose interpreter is") {
  Box box;
  box.spec.argv = {"/opt/train"};
  CHECK(not_run(box).find("there is no such program") != std::string::npos);
  Box script;
  const os::Path source = script.directory("code", {{"train", "#!/no/such/interpreter\n"}});
  REQUIRE(::chmod((source / "train").c_str(), 0755) == 0);
  script.mount(Mount::Kind::bind, source, "/code", true);
  script.spec.argv = {"/code/train"};
  CHECK(not_run(script).find("not the interpreter that its first line names") != std::string::npos);
}

// SEMANTICS X27
TEST_CASE("a program that is not executable or no program") {
  Box box;
  const os::Path source = box.directory("code", {{"train", "just text\n"}});
  box.mount(Mount::Kind::bind, source, "/code", true);
  box.spec.argv = {"/code/train"};
  CHECK(not_run(box).find("make it executable, for everybody") != std::string::npos);
  REQUIRE(box.runtime->destroy(box.spec.id, box.spec.scratch));
  REQUIRE(::chmod((source / "train").c_str(), 0755) == 0);
  CHECK(not_run(box).find("does a script lack its #! line?") != std::string::npos);
}

TEST_CASE("a working directory that is missing is named") {
  Box box;
  box.spec.argv = {"true"};
  box.spec.working_directory = "/opt/ml/nowhere";
  CHECK(not_run(box) == "enter the working directory /opt/ml/nowhere: No such file or directory");
}

TEST_CASE("a mount whose source is missing is not found") {
  Box box;
  box.use_shell("true");
  box.mount(Mount::Kind::bind, box.place / "gone", "/data", true);
  const Error error = box.refused();
  CHECK(error.kind == ErrorKind::not_found);
  CHECK(error.message.find((box.place / "gone").string()) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(box.spec.scratch));
}

// SEMANTICS X1
TEST_CASE("jobs as the machine's root are refused before anything is made") {
  Box box;
  box.use_shell("true");
  box.spec.host_uid = 0;
  CHECK(box.refused().kind == ErrorKind::invalid);
  CHECK_FALSE(std::filesystem::exists(box.spec.scratch));
}

TEST_CASE("an id that is taken is a conflict and its holder goes on") {
  Box box;
  box.use_shell("echo ready; cat /dev/zero > /dev/null");
  box.prepare();
  box.start();
  box.await_output("ready");
  CHECK(box.refused().kind == ErrorKind::conflict);
  CHECK_FALSE(is_readable(box.running.exited.get(), 50));
  REQUIRE(box.runtime->kill(box.running));
  CHECK(box.finish().exit.signal == SIGKILL);
}

TEST_CASE("a failure while it is built leaves nothing and the id free") {
  Box box;
  box.use_shell("echo fine");
  box.spec.log = box.place / "no" / "such" / "directory" / "log";
  CHECK(box.refused().message.find("log") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(box.spec.scratch));
  box.spec.log = box.place / "log";
  box.prepare();
  box.start();
  CHECK(box.finish().output == "fine\n");
}

}  // namespace trainyard::agent::contract
