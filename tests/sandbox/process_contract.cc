/// The user's process: how it begins, how it is told to end, how it ends, and that nothing stays.

#include "box.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::agent::contract {
namespace {

// An endless process that can be found from outside by its arguments.
std::string mark() {
  return "99999." + std::to_string(::getpid());
}

std::string lasting() {
  return "sleep " + mark();
}

}  // namespace

// SEMANTICS L2
TEST_CASE("the exit code and both streams in order come out") {
  Box box;
  const Ended ended = box.run_shell("echo one; echo two >&2; echo three; exit 7");
  CHECK(ended.output == "one\ntwo\nthree\n");
  CHECK(ended.exit.code == 7);
  CHECK(ended.exit.signal == 0);
  CHECK_FALSE(ended.exit.setup_failed);
  CHECK(ended.exit.message == "");
}

TEST_CASE("the signal that killed the process is told") {
  Box box;
  const Ended ended = box.run_shell("kill -SEGV $$");
  CHECK(ended.exit.signal == SIGSEGV);
  CHECK(ended.exit.code == 0);
}

// SEMANTICS X28
TEST_CASE("the program is looked up on the PATH of its environment and inherits nothing") {
  ::setenv("LEAK", "from the agent", 1);
  Box box;
  box.spec.argv = {"env"};
  box.spec.environment = {"PATH=/nowhere:/usr/bin", "A=b c", "EMPTY="};
  box.prepare();
  box.start();
  CHECK(box.finish().output == "PATH=/nowhere:/usr/bin\nA=b c\nEMPTY=\n");
}

// SEMANTICS X28
TEST_CASE("it has standard input at its end and no descriptor of the agent's") {
  Box box;
  const Ended ended = box.run_python("import os, sys\n"
                                     "print(repr(sys.stdin.read()))\n"
                                     "print([n for n in range(3, 1000) if os.path.exists("
                                     "f'/proc/self/fd/{n}')])\n");
  CHECK(ended.output == "''\n[]\n");
}

TEST_CASE("nothing of the user's runs before start") {
  Box box;
  box.use_shell("echo began");
  box.prepare();
  CHECK_FALSE(is_readable(box.running.output.get(), 50));
  CHECK(children_of(box.running.init).empty());
  box.start();
  CHECK(box.finish().output == "began\n");
}

TEST_CASE("a second start changes nothing") {
  Box box;
  box.use_shell("echo began; cat /dev/zero > /dev/null");
  box.prepare();
  box.start();
  box.await_output("began");
  box.start();
  CHECK_FALSE(is_readable(box.running.exited.get(), 100));
  REQUIRE(box.runtime->kill(box.running));
  const Ended ended = box.finish();
  CHECK(ended.output == "began\n");
  CHECK(ended.exit.signal == SIGKILL);
}

// SEMANTICS J11
TEST_CASE("a signal reaches the whole process group") {
  Box box;
  box.use_shell("trap 'echo parent; wait; exit 5' TERM\n"
                "sh -c 'trap \"echo child; exit\" TERM; echo ready; while :; do " +
                lasting() + " & wait; done' &\nwait");
  box.prepare();
  box.start();
  box.await_output("ready");
  REQUIRE(box.runtime->signal(box.running, SIGTERM));
  const Ended ended = box.finish();
  CHECK(ended.exit.code == 5);
  CHECK(ended.output.find("parent\n") != std::string::npos);
  CHECK(ended.output.find("child\n") != std::string::npos);
}

TEST_CASE("a process that ignores TERM is ended by kill and that is no memory kill") {
  Box box;
  box.use_shell("trap '' TERM; " + lasting() + " & echo ready; while :; do wait; done");
  box.prepare();
  box.start();
  box.await_output("ready");
  CHECK_FALSE(processes_with(mark()).empty());
  REQUIRE(box.runtime->signal(box.running, SIGTERM));
  CHECK_FALSE(is_readable(box.running.exited.get(), 100));
  REQUIRE(box.runtime->kill(box.running));
  const Ended ended = box.finish();
  CHECK(ended.exit.signal == SIGKILL);
  CHECK(ended.exit.message == "");
  CHECK_FALSE(ended.exit.out_of_memory);
  CHECK(processes_with(mark()).empty());
}

TEST_CASE("a SIGKILL that was asked for as a signal is no memory kill") {
  Box box;
  box.use_shell("echo ready; cat /dev/zero > /dev/null");
  box.prepare();
  box.start();
  box.await_output("ready");
  REQUIRE(box.runtime->signal(box.running, SIGKILL));
  const Ended ended = box.finish();
  CHECK(ended.exit.signal == SIGKILL);
  CHECK(ended.exit.message == "");
}

TEST_CASE("kill before start ends it and the exit is told") {
  Box box;
  box.use_shell("echo never");
  box.prepare();
  REQUIRE(box.runtime->kill(box.running));
  const Ended ended = box.finish();
  CHECK(ended.output == "");
  CHECK(ended.exit.signal == SIGKILL);
}

TEST_CASE("signals after its end are fine and wait says the same again") {
  Box box;
  const Ended ended = box.run_shell("exit 3");
  CHECK(box.runtime->signal(box.running, SIGTERM));
  CHECK(box.runtime->kill(box.running));
  CHECK(box.runtime->kill(box.running));
  const auto again = box.runtime->wait(box.running);
  REQUIRE(again);
  CHECK(again->code == ended.exit.code);
  CHECK(again->code == 3);
}

// SEMANTICS X19
TEST_CASE("daemons and children of other sessions are gone when the process has ended") {
  Box box;
  const Ended ended = box.run_shell(
      "setsid sh -c '" + lasting() + " & " + lasting() + "' >/dev/null 2>&1 </dev/null &\n" +
      "(trap '' TERM HUP; setsid setsid " + lasting() + " &) &\n" +
      // Not before they run: then there is something to end.
      "until [ $(cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -c '^" + mark() +
      "') -ge 3 ]; do :; done; exit 4");
  CHECK(ended.exit.code == 4);
  CHECK(processes_with(mark()).empty());
}

TEST_CASE("exited stays silent while anything lives and until the last byte was taken") {
  Box box;
  box.use_shell("echo ready; head -c 40000 /dev/zero | tr '\\0' x");
  box.prepare();
  CHECK_FALSE(is_readable(box.running.exited.get(), 0));
  box.start();
  box.await_output("ready\n");
  CHECK_FALSE(is_readable(box.running.exited.get(), 200));
  CHECK(box.finish().output.size() == 6 + 40000);
  CHECK(is_readable(box.running.exited.get(), 0));
}

TEST_CASE("output larger than the pipe comes out whole") {
  Box box;
  const Ended ended = box.run_shell("head -c 5000000 /dev/zero | tr '\\0' x");
  CHECK(ended.output == std::string(5'000'000, 'x'));
}

}  // namespace trainyard::agent::contract
