#include "os/cgroups.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

// A tree of plain files that looks like control groups: what is not there is not writable, and a
// group, once made, has the files only that a test puts there.
class FakeGroups {
public:
  FakeGroups() {
    std::string name = (std::filesystem::temp_directory_path() / "cgroups-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    root_ = name;
    view.mountinfo = root_ / "mountinfo";
    view.membership = root_ / "membership";
    put("membership", "0::/\n");
  }
  ~FakeGroups() { (void)remove_tree(root_); }
  FakeGroups(const FakeGroups&) = delete;
  FakeGroups& operator=(const FakeGroups&) = delete;

  Path at(const std::string& name) const { return root_ / name; }
  void put(const std::string& name, const std::string& text) const {
    REQUIRE(make_directories(at(name).parent_path()));
    REQUIRE(write_file(at(name), text));
  }
  std::string text(const std::string& name) const { return read_file(at(name)).value_or("(none)"); }
  void first(const std::string& name, const std::string& options) {
    put(name + "/cgroup.procs", "");
    line(name, "cgroup cgroup rw," + options);
  }
  void second(const std::string& name) { line(name, "cgroup2 cgroup2 rw"); }

  CgroupView view;

private:
  void line(const std::string& name, const std::string& end) {
    mounts_ += "31 30 0:27 / " + at(name).string() + " rw,nosuid shared:9 - " + end + "\n";
    put("mountinfo", mounts_);
  }
  Path root_;
  std::string mounts_ = "22 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\nshort\n";
};

}  // namespace

TEST_CASE("version 1: each controller by its hierarchy, also when two share one") {
  FakeGroups fake;
  fake.first("memory", "memory");
  fake.first("both", "cpu,cpuacct");
  fake.first("systemd", "name=systemd");
  const CgroupHost host = find_cgroups(fake.view);
  CHECK(host.version == 1);
  CHECK(host.memory == fake.at("memory/trainyard"));
  CHECK(host.cpu == fake.at("both/trainyard"));
  CHECK(host.pids.empty());
}

TEST_CASE("a controller whose name is part of another's is not taken for it") {
  FakeGroups fake;
  fake.first("cpuset", "cpuset");
  fake.first("cpuacct", "cpuacct");
  CHECK(find_cgroups(fake.view).version == 0);
}

TEST_CASE("no mounts, or none that can be read: no control groups, and no failure") {
  FakeGroups fake;
  CHECK(find_cgroups(fake.view).version == 0);
  CHECK(make_cgroup({}, "job", {1, 1, 1}));
  CHECK(enter_cgroup({}, "job", 1));
  CHECK(remove_cgroup({}, "job"));
  CHECK_FALSE(cgroup_use({}, "job").memory_kills);
}

// SEMANTICS X16
TEST_CASE("version 1: a limit is a file, the quota counts by periods of 100 ms") {
  FakeGroups fake;
  const CgroupHost host{1, fake.at("memory"), fake.at("cpu"), fake.at("pids")};
  for (const char* file : {"memory/job/memory.limit_in_bytes", "cpu/job/cpu.cfs_period_us",
                           "cpu/job/cpu.cfs_quota_us", "pids/job/pids.max"})
    fake.put(file, "");
  REQUIRE(make_cgroup(host, "job", {2.5, 1u << 20, 50}));
  CHECK(fake.text("memory/job/memory.limit_in_bytes") == "1048576");
  CHECK(fake.text("memory/job/memory.memsw.limit_in_bytes") == "(none)");  // swap is not counted
  CHECK(fake.text("cpu/job/cpu.cfs_period_us") == "100000");
  CHECK(fake.text("cpu/job/cpu.cfs_quota_us") == "250000");
  CHECK(fake.text("pids/job/pids.max") == "50");
  fake.put("memory/job/memory.memsw.limit_in_bytes", "");
  fake.put("cpu/job/cpu.cfs_quota_us", "");
  REQUIRE(make_cgroup(host, "job", {0.001, 1u << 20, 0}));
  CHECK(fake.text("memory/job/memory.memsw.limit_in_bytes") == "1048576");
  CHECK(fake.text("cpu/job/cpu.cfs_quota_us") == "1000");  // the kernel takes no less
}

TEST_CASE("a limit that is zero is not set, and one that cannot be set is an error") {
  FakeGroups fake;
  const CgroupHost host{1, fake.at("memory"), fake.at("cpu"), fake.at("pids")};
  REQUIRE(make_cgroup(host, "job", {}));
  struct stat st{};
  CHECK(::stat(fake.at("memory/job").c_str(), &st) == 0);
  CHECK(fake.text("memory/job/memory.limit_in_bytes") == "(none)");
  const auto made = make_cgroup(host, "job", {0, 1u << 20, 0});
  REQUIRE_FALSE(made);
  CHECK(made.error().message.find("memory.limit_in_bytes") != std::string::npos);
}

TEST_CASE("version 2: the group that was delegated to the service, beside its leaf") {
  FakeGroups fake;
  fake.second("all");
  fake.put("membership", "1:name=systemd:/x\n0::/user/ty/service\n");
  fake.put("all/user/ty/cgroup.procs", "");
  fake.put("all/user/ty/cgroup.controllers", "cpu memory\n");
  // A plain file takes "+cpu" as text, over the first four bytes.
  fake.put("all/user/ty/cgroup.subtree_control", "---- memory\n");
  const CgroupHost host = find_cgroups(fake.view);
  CHECK(host.version == 2);
  CHECK(host.memory == fake.at("all/user/ty"));
  CHECK(host.pids.empty());  // not offered
  CHECK(fake.text("all/user/ty/cgroup.subtree_control") == "+cpu memory\n");
}

TEST_CASE("version 2: root's own group below the mount, where nothing was delegated") {
  FakeGroups fake;
  fake.second("all");
  fake.put("all/trainyard/cgroup.procs", "");
  fake.put("all/trainyard/cgroup.controllers", "cpu memory pids\n");
  fake.put("all/trainyard/cgroup.subtree_control", "cpu memory pids\n");
  const CgroupHost host = find_cgroups(fake.view);
  CHECK(host.memory == fake.at("all/trainyard"));
  CHECK(host.cpu == fake.at("all/trainyard"));
  CHECK(host.pids == fake.at("all/trainyard"));
}

TEST_CASE("version 2: a group that gets no controller is no use") {
  FakeGroups fake;
  fake.second("all");
  fake.put("all/trainyard/cgroup.procs", "");
  CHECK(find_cgroups(fake.view).version == 0);
}

// SEMANTICS X16
TEST_CASE("version 2: swap is not given beyond the memory limit") {
  FakeGroups fake;
  const CgroupHost host{2, fake.at("all"), fake.at("all"), fake.at("all")};
  for (const char* file : {"memory.max", "memory.swap.max", "cpu.max", "pids.max"})
    fake.put(std::string("all/job/") + file, "");
  REQUIRE(make_cgroup(host, "job", {1.5, 1u << 20, 9}));
  CHECK(fake.text("all/job/memory.max") == "1048576");
  CHECK(fake.text("all/job/memory.swap.max") == "0");
  CHECK(fake.text("all/job/cpu.max") == "150000 100000");
  CHECK(fake.text("all/job/pids.max") == "9");
}

TEST_CASE("what a group used is read by the names of its version, and only when it is there") {
  FakeGroups fake;
  const CgroupHost first{1, fake.at("one"), "", ""};
  CHECK_FALSE(cgroup_use(first, "job").memory_peak_bytes);
  fake.put("one/job/memory.max_usage_in_bytes", "4096\n");
  fake.put("one/job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  CHECK(cgroup_use(first, "job").memory_peak_bytes == 4096u);
  CHECK(cgroup_use(first, "job").memory_kills == 2u);
  const CgroupHost second{2, fake.at("two"), "", ""};
  fake.put("two/job/memory.peak", "8192\n");
  fake.put("two/job/memory.events", "low 0\noom 1\noom_kill 1\noom_group_kill 0\n");
  CHECK(cgroup_use(second, "job").memory_peak_bytes == 8192u);
  CHECK(cgroup_use(second, "job").memory_kills == 1u);
}

TEST_CASE("a group is entered in each hierarchy once, and removing one that is gone is fine") {
  FakeGroups fake;
  const CgroupHost host{1, fake.at("memory"), fake.at("shared"), fake.at("shared")};
  fake.put("memory/job/cgroup.procs", "");
  fake.put("shared/job/cgroup.procs", "");
  REQUIRE(enter_cgroup(host, "job", 4711));
  CHECK(fake.text("memory/job/cgroup.procs") == "4711");
  CHECK(fake.text("shared/job/cgroup.procs") == "4711");
  CHECK(remove_cgroup(host, "another"));
}

}  // namespace trainyard::os
