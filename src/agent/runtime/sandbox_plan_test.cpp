#include "agent/runtime/sandbox_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <linux/sched.h>

namespace trainyard::agent {
namespace {

using Action = Step::Action;

// A machine as an agent that is root finds it: /bin and /lib are links, as on any merged-/usr host.
HostFacts machine(const SandboxSpec& spec) {
  HostFacts out;
  out.root = {{"bin", true, "usr/bin"}, {"lib", true, "usr/lib"}, {"usr", true, ""}};
  out.etc = {{"localtime", false, "/usr/share/zoneinfo/Etc/UTC"},
             {"os-release", false, "../usr/lib/os-release"},
             {"ssl", true, ""},
             {"timezone", false, "/var/tz"}};
  out.devices = {"null", "zero"};
  out.resolver = "nameserver 10.0.0.1\n";
  for (std::size_t n = 0; n < spec.mounts.size(); ++n)
    out.sources.push_back({true, true, false});
  return out;
}

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

Mount bind(const char* source, const char* target) {
  Mount out;
  out.source = source;
  out.target = target;
  return out;
}

Mount overlay(const char* source, const char* target) {
  Mount out = bind(source, target);
  out.kind = Mount::Kind::overlay;
  out.read_only = false;
  return out;
}

Result<SandboxPlan> plan_of(const SandboxSpec& spec) {
  return build_plan(spec, machine(spec));
}

std::vector<const Step*> steps_at(const SandboxPlan& plan, const std::string& target) {
  std::vector<const Step*> out;
  for (const auto& step : plan.steps)
    if (step.target == target) out.push_back(&step);
  return out;
}

const Step& step_at(const SandboxPlan& plan, const std::string& target) {
  const auto all = steps_at(plan, target);
  REQUIRE_MESSAGE(all.size() == 1, target);
  return *all.front();
}

std::ptrdiff_t place_of(const SandboxPlan& plan, const std::string& target) {
  return &step_at(plan, target) - plan.steps.data();
}

const Tree& tree_at(const SandboxPlan& plan, const std::string& target) {
  const Step& step = step_at(plan, target);
  REQUIRE(step.action == Action::attach);
  REQUIRE(step.tree >= 0);
  return plan.trees.at(std::size_t(step.tree));
}

}  // namespace

TEST_CASE("the job is its own user of its own namespaces; only root copies trees for it") {
  const SandboxSpec spec = job();
  const auto plan = plan_of(spec);
  REQUIRE(plan);
  CHECK(plan->host_uid == 1000);
  CHECK(plan->host_gid == 1001);
  CHECK(plan->trees_by_agent);
  CHECK(plan->namespaces ==
        (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC));
  HostFacts ordinary = machine(spec);
  ordinary.uid = 1000;
  ordinary.gid = 1001;
  CHECK_FALSE(build_plan(spec, ordinary)->trees_by_agent);
}

// SEMANTICS X3, X5
TEST_CASE("the system is read-only; what is writable is a directory of the container's own") {
  const auto plan = plan_of(job());
  REQUIRE(plan);
  CHECK(tree_at(*plan, "usr").read_only);
  CHECK(tree_at(*plan, "sys").read_only);
  CHECK(tree_at(*plan, "etc/ssl").read_only);
  for (const char* name : {"tmp", "var/tmp", "root"}) {
    CHECK_FALSE(tree_at(*plan, name).read_only);
    CHECK(tree_at(*plan, name).source.string().starts_with("/scratch/job.1.1/own/"));
  }
  for (const auto& tree : plan->trees)
    CHECK_MESSAGE((tree.read_only || tree.devices ||
                   tree.source.string().starts_with("/scratch/job.1.1/own/")),
                  tree.source.string());
  REQUIRE(plan->own.size() == 3);
  CHECK(plan->own[0].mode == 01777);
  CHECK(plan->own[2].mode == 0700);
}

TEST_CASE("links of the root and links into /usr stay links; other links are followed by us") {
  const auto plan = plan_of(job());
  REQUIRE(plan);
  CHECK(step_at(*plan, "bin").action == Action::link);
  CHECK(step_at(*plan, "bin").text == "usr/bin");
  CHECK(step_at(*plan, "etc/localtime").action == Action::link);
  CHECK(step_at(*plan, "etc/os-release").text == "../usr/lib/os-release");
  CHECK(step_at(*plan, "etc/timezone").action == Action::attach);
  CHECK_FALSE(step_at(*plan, "etc/timezone").directory);
}

// SEMANTICS E14, X26
TEST_CASE("of a root all is taken from within it, and its links are its own") {
  SandboxSpec spec = job();
  spec.root = "/roots/x";
  spec.mounts = {bind("/usr/share/wheels", "/usr/share/wheels"), bind("/ml", "/opt/ml")};
  HostFacts facts = machine(spec);
  facts.root = {{"bin", false, "usr/bin"}, {"home", true, ""}, {"usr", true, ""}};
  facts.etc = {{"alternatives", true, ""}, {"localtime", false, "/var/tz"}};
  facts.opt = {{"venv", true, ""}};
  facts.passwd = "root:x:0:0:r:/root:/bin/ash\n";
  const auto plan = build_plan(spec, facts);
  REQUIRE(plan);
  for (const char* name : {"usr", "home", "opt/venv", "etc/alternatives"}) {
    CHECK(tree_at(*plan, name).source == os::Path("/roots/x") / name);
    CHECK(tree_at(*plan, name).within == "/roots/x");
    CHECK(tree_at(*plan, name).read_only);
  }
  CHECK(step_at(*plan, "bin").text == "usr/bin");
  CHECK(step_at(*plan, "etc/localtime").action == Action::link);
  CHECK(step_at(*plan, "etc/passwd").text ==
        "root:x:0:0:r:/root:/bin/ash\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
  CHECK(tree_at(*plan, "usr/share/wheels").within.empty());  // this machine's, so not there already
  CHECK(tree_at(*plan, "sys").source == "/sys");
}

TEST_CASE("the machine's own root is no container's, nor is a path from nowhere") {
  for (const char* root : {"/", "root"}) {
    SandboxSpec spec = job();
    spec.root = root;
    CHECK(plan_of(spec).error().message.find("root must be an absolute path") != std::string::npos);
  }
}

TEST_CASE("accounts and hosts are made up, with the host name and every alias once") {
  SandboxSpec spec = job();
  spec.aliases = {"algo-1", "algo-2"};
  const auto plan = plan_of(spec);
  REQUIRE(plan);
  CHECK(step_at(*plan, "etc/hosts").text.ends_with("\n127.0.0.1 algo-1 algo-2\n"));
  CHECK(step_at(*plan, "etc/hostname").text == "algo-1\n");
  CHECK(step_at(*plan, "etc/resolv.conf").text == "nameserver 10.0.0.1\n");
  CHECK(step_at(*plan, "etc/passwd").text.starts_with("root:x:0:0:"));
  CHECK(steps_at(*plan, "etc/shadow").empty());
}

TEST_CASE("a target through a link of the root is put where the link leads") {
  SandboxSpec spec = job();
  spec.mounts = {bind("/data/tool", "/bin/tool"), bind("/data/so", "/lib/x/../y.so")};
  CHECK_FALSE(plan_of(spec));  // ".." first: it is refused
  spec.mounts.pop_back();
  const auto plan = plan_of(spec);
  REQUIRE(plan);
  CHECK(tree_at(*plan, "usr/bin/tool").source == "/data/tool");
  CHECK(steps_at(*plan, "bin/tool").empty());
}

TEST_CASE("mounts are applied by depth, then in the order they were given, after the base") {
  SandboxSpec spec = job();
  spec.mounts = {bind("/d/deep", "/opt/ml/input/data"), bind("/d/ml", "/opt/ml"),
                 bind("/d/b", "/opt/b"), bind("/d/code", "/opt/ml/code")};
  const auto plan = plan_of(spec);
  REQUIRE(plan);
  CHECK(place_of(*plan, "dev/shm") < place_of(*plan, "opt/ml"));
  CHECK(place_of(*plan, "opt/ml") < place_of(*plan, "opt/b"));
  CHECK(place_of(*plan, "opt/b") < place_of(*plan, "opt/ml/code"));
  CHECK(place_of(*plan, "opt/ml/code") < place_of(*plan, "opt/ml/input/data"));
  CHECK(plan->steps.back().action == Action::sysctl);
  CHECK(plan->steps.back().target == "proc/sys/user/max_user_namespaces");
  CHECK(plan->steps.back().text == "0");
}

TEST_CASE("a read-only bind of what the base shows under the same name is no second mount") {
  SandboxSpec spec = job();
  spec.mounts = {bind("/usr/lib/python3", "/usr/lib/python3"), bind("/lib/a", "/usr/lib/a"),
                 bind("/srv/x", "/srv/x")};
  const auto plan = plan_of(spec);
  REQUIRE(plan);
  CHECK(steps_at(*plan, "usr/lib/python3").empty());
  CHECK(steps_at(*plan, "usr/lib/a").empty());  // /lib is /usr/lib
  CHECK(steps_at(*plan, "srv/x").size() == 1);
  spec.mounts[0].read_only = false;
  CHECK(steps_at(*plan_of(spec), "usr/lib/python3").size() == 1);
}

TEST_CASE("an overlay has an upper of its own, userxattr, and its stages are taken away") {
  SandboxSpec spec = job();
  spec.mounts = {overlay("/store/a", "/opt/ml/input/data/a"),
                 overlay("/store/b", "/opt/ml/input/data/b")};
  const auto plan = plan_of(spec);
  REQUIRE(plan);
  const Step& first = step_at(*plan, "opt/ml/input/data/a");
  CHECK(first.type == "overlay");
  CHECK(first.text == "lowerdir=/usr/.lower,upperdir=/usr/.own/upper-0,workdir=/usr/.own/work-0,"
                      "userxattr,volatile");
  CHECK(step_at(*plan, "opt/ml/input/data/b").text.find("upper-1") != std::string::npos);
  const auto lower = steps_at(*plan, ".lower");
  REQUIRE(lower.size() == 4);  // attach, detach for each
  CHECK(lower[0]->action == Action::attach);
  CHECK(plan->trees[std::size_t(lower[0]->tree)].source == "/store/a");
  CHECK(plan->trees[std::size_t(lower[0]->tree)].read_only);
  CHECK(lower[3]->action == Action::detach);
  const auto own = steps_at(*plan, ".own");
  REQUIRE(own.size() == 2);
  CHECK(own[0]->action == Action::attach);
  CHECK(own[1]->action == Action::detach);
  CHECK(own[1] > lower[3]);
  const auto made = [&](const char* path) {
    return std::any_of(plan->own.begin(), plan->own.end(),
                       [&](const auto& own_one) { return own_one.path == path; });
  };
  CHECK(made("upper-0"));
  CHECK(made("work-1"));
}

TEST_CASE("without overlays no stage is ever visible") {
  const auto plan = plan_of(job());
  REQUIRE(plan);
  CHECK(steps_at(*plan, ".own").empty());
  CHECK(steps_at(*plan, ".lower").empty());
}

TEST_CASE("a read-only overlay is a bind, and an overlay of a file is refused") {
  SandboxSpec spec = job();
  spec.mounts = {overlay("/store/a", "/data")};
  spec.mounts[0].read_only = true;
  CHECK(tree_at(*plan_of(spec), "data").read_only);
  spec.mounts[0].read_only = false;
  HostFacts facts = machine(spec);
  facts.sources[0].directory = false;
  const auto plan = build_plan(spec, facts);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().message.find("it is no directory") != std::string::npos);
}

TEST_CASE("a source that is missing is not found, unless it is optional: then it is left out") {
  SandboxSpec spec = job();
  spec.mounts = {bind("/gone", "/opt/gone")};
  HostFacts facts = machine(spec);
  facts.sources[0] = {};
  const auto refused = build_plan(spec, facts);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::not_found);
  CHECK(refused.error().message.find("/gone") != std::string::npos);
  spec.mounts[0].optional = true;
  const auto plan = build_plan(spec, facts);
  REQUIRE(plan);
  CHECK(steps_at(*plan, "opt/gone").empty());
}

TEST_CASE("a memory file system has a size") {
  SandboxSpec spec = job();
  Mount mount;
  mount.kind = Mount::Kind::tmpfs;
  mount.target = "/scratch";
  spec.mounts = {mount};
  CHECK_FALSE(plan_of(spec));
  spec.mounts[0].size_bytes = 4096;
  CHECK(step_at(*plan_of(spec), "scratch").text == "size=4096,mode=0755");
}

// SEMANTICS X10
TEST_CASE("/dev/shm has the size that was asked for, or 64 MiB, and runs no programs") {
  SandboxSpec spec = job();
  CHECK(step_at(*plan_of(spec), "dev/shm").text == "size=67108864,mode=1777");
  spec.shm_bytes = 1u << 20;
  const auto plan = plan_of(spec);
  CHECK(step_at(*plan, "dev/shm").text == "size=1048576,mode=1777");
  CHECK_FALSE(step_at(*plan, "dev/shm").executable);
}

TEST_CASE("a device of the machine works as one; other mounts show no devices") {
  SandboxSpec spec = job();
  spec.mounts = {bind("/dev/nvidia0", "/dev/nvidia0"), bind("/data", "/data")};
  HostFacts facts = machine(spec);
  facts.sources[0] = {true, false, true};
  const auto plan = build_plan(spec, facts);
  REQUIRE(plan);
  CHECK(tree_at(*plan, "dev/nvidia0").devices);
  CHECK_FALSE(step_at(*plan, "dev/nvidia0").directory);
  CHECK_FALSE(tree_at(*plan, "data").devices);
  CHECK(tree_at(*plan, "dev/null").devices);
}

// SEMANTICS X14
TEST_CASE("without a network there is a namespace for it, and /sys is not the host's") {
  SandboxSpec spec = job();
  spec.network = Network::none;
  const auto plan = plan_of(spec);
  REQUIRE(plan);
  CHECK((plan->namespaces & CLONE_NEWNET) != 0);
  CHECK(step_at(*plan, "sys").action == Action::filesystem);
  CHECK(step_at(*plan, "sys").type == "sysfs");
  CHECK(step_at(*plan, "sys").read_only);
  CHECK(step_at(*plan, "sys").optional);
}

// SEMANTICS X17
TEST_CASE("processes are counted by the group, pid 1 too; without one by RLIMIT_NPROC") {
  SandboxSpec spec = job();
  spec.limits = {1.5, 1u << 30, 100};
  HostFacts facts = machine(spec);
  auto plan = build_plan(spec, facts);
  CHECK(plan->processes_max == 101);
  CHECK(plan->limits.pids_max == 0);
  CHECK(plan->limits.memory_bytes == 1u << 30);
  CHECK(plan->limits.cpus == doctest::Approx(1.5));
  facts.cgroups = {1, "/g/memory", "/g/cpu", "/g/pids"};
  plan = build_plan(spec, facts);
  CHECK(plan->processes_max == 0);
  CHECK(plan->limits.pids_max == 101);
  spec.limits.pids_max = 0;
  plan = build_plan(spec, facts);
  CHECK(plan->processes_max == 0);
  CHECK(plan->limits.pids_max == 0);
}

TEST_CASE("a program sees its own control groups, read-only, where it looks for limits") {
  SandboxSpec spec = job();
  HostFacts facts = machine(spec);
  CHECK(steps_at(*build_plan(spec, facts), "sys/fs/cgroup/memory").empty());
  facts.cgroups = {1, "/g/memory", "/g/cpu", ""};
  const auto first = build_plan(spec, facts);
  CHECK(tree_at(*first, "sys/fs/cgroup/memory").source == "/g/memory/job.1.1");
  CHECK(tree_at(*first, "sys/fs/cgroup/cpu").read_only);
  facts.cgroups = {2, "/g", "/g", "/g"};
  const auto second = build_plan(spec, facts);
  const auto steps = steps_at(*second, "sys/fs/cgroup");
  REQUIRE(steps.size() == 2);
  CHECK(second->trees[std::size_t(steps[1]->tree)].source == "/g/job.1.1");
}

TEST_CASE("a FUSE file system is made by the job, and numbered for whoever serves it") {
  SandboxSpec spec = job();
  for (const char* target : {"/opt/ml/data/deep", "/data"}) {
    spec.mounts.push_back(bind("", target));
    spec.mounts.back().kind = Mount::Kind::fuse;
  }
  const auto plan = plan_of(spec);
  REQUIRE(plan);
  CHECK(plan->devices == std::vector<os::Path>{"/data", "/opt/ml/data/deep"});
  CHECK(step_at(*plan, "data").action == Action::fuse);
  CHECK(step_at(*plan, "data").device == 0);
  CHECK(step_at(*plan, "opt/ml/data/deep").device == 1);
}

TEST_CASE("nothing is mounted where a process of ours would wait for the server") {
  for (const auto kind : {Mount::Kind::fuse, Mount::Kind::tree})
    for (const char* target : {"/served/x", "/served", "/served/x/y"}) {
      SandboxSpec spec = job();
      spec.mounts = {bind("", "/served"), bind("/store/a", target)};
      spec.mounts[0].kind = kind;
      const auto plan = plan_of(spec);
      REQUIRE_FALSE(plan);
      CHECK(plan.error().message.find("it is in /served") != std::string::npos);
      spec.mounts[1].target = "/served-by-others";
      CHECK(plan_of(spec));
    }
}

TEST_CASE("what check_spec refuses gets no plan") {
  SandboxSpec spec = job();
  spec.host_uid = 0;
  const auto plan = plan_of(spec);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().kind == ErrorKind::invalid);
}

TEST_CASE("what of the host may be seen is sorted, for it is searched by halves") {
  for (const auto* names : {&system_directories(), &system_settings(), &plain_devices()})
    CHECK(std::is_sorted(names->begin(), names->end()));
}

}  // namespace trainyard::agent
