#include "agent/runtime/sandbox_check.hpp"

#include <doctest/doctest.h>

namespace trainyard::agent {
namespace {

SandboxSpec job() {
  SandboxSpec out;
  out.id = "job.1.1";
  out.scratch = "/scratch/job.1.1";
  out.host_uid = 1000;
  out.host_gid = 1001;
  out.hostname = "algo-1";
  out.argv = {"true"};
  return out;
}

HostFacts machine(uid_t uid, gid_t gid, std::size_t mounts = 0) {
  HostFacts out;
  out.uid = uid;
  out.gid = gid;
  out.sources.resize(mounts);
  return out;
}

// The message of the refusal, of kind `invalid`, by an agent that is root; "" if there is none.
std::string refusal(const SandboxSpec& spec) {
  const auto checked = check_spec(spec, machine(0, 0, spec.mounts.size()));
  if (checked) return "";
  CHECK(checked.error().kind == ErrorKind::invalid);
  return checked.error().message;
}

std::string refusal_of_target(const std::string& target) {
  SandboxSpec spec = job();
  spec.mounts.emplace_back().target = target;
  return refusal(spec);
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a plain job is accepted") {
  CHECK(refusal(job()) == "");
}

// SEMANTICS X1
TEST_CASE("no job is root of the machine, by user or, under root's agent, by group") {
  SandboxSpec spec = job();
  spec.host_uid = 0;
  CHECK(says(refusal(spec), "would be root of this machine"));
  spec = job();
  spec.host_gid = 0;
  CHECK(says(refusal(spec), "[sandbox] user"));
}

TEST_CASE("an ordinary user's agent runs jobs as itself only") {
  CHECK(check_spec(job(), machine(1000, 1001)));
  const auto checked = check_spec(job(), machine(1002, 1001));
  REQUIRE_FALSE(checked);
  CHECK(
      says(checked.error().message, "only root can run it as user 1000; this agent is user 1002"));
  CHECK_FALSE(check_spec(job(), machine(1000, 1000)));
}

TEST_CASE("an id is a plain file name of at most 128 bytes") {
  CHECK(check_id("a.B-3_c"));
  CHECK(check_id(std::string(128, 'a')));
  for (const std::string& id : {std::string(), std::string("."), std::string(".."),
                                std::string("a/b"), std::string("a\0b", 3), std::string("a b"),
                                std::string("\xc3\xa9"), std::string(129, 'a')}) {
    const auto checked = check_id(id);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().kind == ErrorKind::invalid);
    CHECK(checked.error().message.size() < 300);
  }
}

TEST_CASE("the scratch is absolute and there is a command") {
  SandboxSpec spec = job();
  spec.scratch = "scratch";
  CHECK(says(refusal(spec), "absolute path"));
  spec = job();
  spec.argv = {};
  CHECK(says(refusal(spec), "no command"));
  spec.argv = {""};
  CHECK(says(refusal(spec), "no command"));
}

TEST_CASE("zero bytes in arguments and variables would cut them short: refused") {
  SandboxSpec spec = job();
  spec.argv.emplace_back("a\0b", 3);
  CHECK(says(refusal(spec), "zero byte"));
  spec = job();
  spec.environment.emplace_back("A=\0", 3);
  CHECK(says(refusal(spec), "zero byte"));
}

TEST_CASE("host names become lines of /etc/hosts: names only, 64 aliases at most") {
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a\n1.2.3.4 b"), std::string(65, 'a')}) {
    SandboxSpec spec = job();
    spec.hostname = name;
    CHECK(says(refusal(spec), "is no host name"));
    spec = job();
    spec.aliases = {name};
    CHECK(says(refusal(spec), "is no host name"));
  }
  SandboxSpec spec = job();
  spec.aliases.assign(64, "algo-2");
  CHECK(refusal(spec) == "");
  spec.aliases.emplace_back("algo-3");
  CHECK(says(refusal(spec), "host names"));
}

TEST_CASE("at most 256 mounts") {
  SandboxSpec spec = job();
  for (std::size_t n = 0; n < mounts_max; ++n)
    spec.mounts.emplace_back().target = "/m/" + std::to_string(n);
  CHECK(refusal(spec) == "");
  spec.mounts.emplace_back().target = "/m/more";
  CHECK(says(refusal(spec), "more than 256 mounts"));
}

TEST_CASE("a target is absolute, has no dots up, no zero byte and at most 1024 bytes") {
  CHECK(refusal_of_target("/opt/ml/input/data/train") == "");
  CHECK(refusal_of_target("/" + std::string(1023, 'a')) == "");
  CHECK(says(refusal_of_target("/" + std::string(1024, 'a')), "absolute path"));
  CHECK(says(refusal_of_target("opt"), "absolute path"));
  CHECK(says(refusal_of_target(""), "absolute path"));
  CHECK(says(refusal_of_target(std::string("/a\0b", 4)), "absolute path"));
  CHECK(says(refusal_of_target("/opt/../etc"), "\"..\" is not allowed"));
  CHECK(says(refusal_of_target("/opt/.."), "\"..\" is not allowed"));
}

TEST_CASE("the kernel's places and the stages are the sandbox's own, however they are written") {
  for (const char* target : {"/", "//", "/.", "/etc", "/etc/", "/dev", "/dev/.", "/dev/shm",
                             "/proc", "/proc/", "/proc/1", "//proc//sys", "/proc/./self", "/sys",
                             "/sys/fs/cgroup", "/dev/pts/0", "/.own", "/.own/x", "/.lower"})
    CHECK_MESSAGE(says(refusal_of_target(target), "sandbox's own"), std::string(target));
  for (const std::string target :
       {"/etc/pip.conf", "/dev/nvidia0", "/procfs", "/system", "/.ownership"})
    CHECK_MESSAGE(refusal_of_target(target) == "", std::string(target));
}

TEST_CASE("facts of another spec are a defect, not the user's fault") {
  const auto checked = check_spec(job(), machine(0, 0, 1));
  REQUIRE_FALSE(checked);
  CHECK(checked.error().kind == ErrorKind::internal);
}

}  // namespace trainyard::agent
