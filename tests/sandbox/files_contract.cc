/// Mounts: overlays that never reach their source, and mounts that cannot be redirected.

#include "box.hpp"

#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::agent::contract {
namespace {

// Everything below `root`: name -> mode, and text or link.
std::map<std::string, std::string> picture(const os::Path& root) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    struct stat st{};
    REQUIRE(::lstat(entry.path().c_str(), &st) == 0);
    std::string text = std::to_string(st.st_mode) + " " + std::to_string(st.st_mtim.tv_sec) + "." +
                       std::to_string(st.st_mtim.tv_nsec) + " ";
    if (S_ISLNK(st.st_mode)) text += std::filesystem::read_symlink(entry.path()).string();
    if (S_ISREG(st.st_mode)) text += os::read_file(entry.path()).value_or("(unreadable)");
    out[entry.path().lexically_relative(root).string()] = text;
  }
  return out;
}

os::Path data_of(const Box& box) {
  const os::Path out = box.directory("data", {{"a", "one"}, {"b", "two"}, {"c", "three"}});
  (void)box.directory("data/deep", {{"d", "four"}});
  return out;
}

// sandbox_test.py opens it to all.
bool has_no_fuse() {
  const os::Fd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!device) MESSAGE("not tested here: /dev/fuse cannot be opened");
  return !device;
}

}  // namespace

// SEMANTICS D4
TEST_CASE("writing and deleting and renaming on an overlay never reach the source") {
  Box box;
  const os::Path source = data_of(box);
  const auto before = picture(source);
  box.mount(Mount::Kind::overlay, source, "/opt/ml/input/data/train");
  const Ended ended =
      box.run_shell("cd /opt/ml/input/data/train && cat a deep/d && echo more >> a && "
                    "rm b && chmod 600 c && mv deep other && echo new > other/e && "
                    "touch -d @1 c && ln a hard && ls . other && cat a");
  CHECK(ended.output == "onefour.:\na\nc\nhard\nother\n\nother:\nd\ne\nonemore\n");
  CHECK(picture(source) == before);
  CHECK(before.size() == 5);
}

// SEMANTICS D4
TEST_CASE("two containers over one source do not see what the other writes") {
  Box first;
  const os::Path source = data_of(first);
  first.mount(Mount::Kind::overlay, source, "/data");
  Box second;
  second.mount(Mount::Kind::overlay, source, "/data");
  first.use_shell("rm /data/a; echo mine > /data/mine; echo ready; cat /dev/zero > /dev/null");
  first.prepare();
  second.use_shell("ls /data; cat /data/a");
  second.prepare();
  first.start();
  first.await_output("ready");
  second.start();
  CHECK(second.finish().output == "a\nb\nc\ndeep\none");
  REQUIRE(first.runtime->kill(first.running));
  (void)first.finish();
}

TEST_CASE("a read-only bind cannot be written and a writable one is the source") {
  Box box;
  const os::Path source = data_of(box);
  box.mount(Mount::Kind::bind, source, "/ro", true);
  box.mount(Mount::Kind::bind, source, "/rw");
  const Ended ended = box.run_shell("echo x 2>/dev/null > /ro/a || echo refused; chmod 700 /ro/a "
                                    "2>/dev/null || echo refused; echo y > /rw/y; cat /ro/y");
  CHECK(ended.output == "refused\nrefused\ny\n");
  CHECK(os::read_file(source / "y").value_or("") == "y\n");
}

// SEMANTICS D17
TEST_CASE("links on the way to a source lead nowhere out of what it is within") {
  Box box;
  const os::Path source = data_of(box);
  std::filesystem::create_symlink("deep", source / "inner");
  box.mount(Mount::Kind::bind, source / "inner", "/inner", true);
  box.spec.mounts.back().within = source;
  CHECK(box.run_shell("cat /inner/d").output == "four");
  for (const char* leads_to : {"/etc", "../..", "deep/../../data"}) {
    Box other;
    const os::Path theirs = data_of(other);
    std::filesystem::create_symlink(leads_to, theirs / "out");
    other.mount(Mount::Kind::bind, theirs / "out", "/out", true);
    other.spec.mounts.back().within = theirs;
    other.use_shell("ls /out");
    CHECK(other.refused().message.find("leads out of " + theirs.string()) != std::string::npos);
  }
}

TEST_CASE("a single file can be mounted and an optional one that is missing is left out") {
  Box box;
  const os::Path source = data_of(box);
  box.mount(Mount::Kind::bind, source / "a", "/opt/tool/a", true);
  box.mount(Mount::Kind::bind, source / "gone", "/opt/tool/gone", true);
  box.spec.mounts.back().optional = true;
  CHECK(box.run_shell("cat /opt/tool/a; ls /opt/tool").output == "onea\n");
}

// SEMANTICS X26
TEST_CASE("links in a source cannot redirect what is mounted on them") {
  for (const bool is_overlay : {true, false}) {
    Box box;
    const os::Path hostile = box.directory("hostile");
    const os::Path victim = box.directory("victim", {{"kept", "kept"}});
    for (const char* name : {"absolute", "relative", "self"}) {
      const std::string target = name == std::string("absolute")   ? victim.string()
                                 : name == std::string("relative") ? "../../../../../../../../etc"
                                                                   : "/proc/self/fd/3";
      REQUIRE(::symlink(target.c_str(), (hostile / name).c_str()) == 0);
      Box trial;
      const os::Path ours = trial.directory("ours", {{"mounted", "x"}});
      trial.mount(is_overlay ? Mount::Kind::overlay : Mount::Kind::bind, hostile, "/data");
      trial.mount(Mount::Kind::bind, ours, std::string("/data/") + name);
      trial.use_shell("true");
      const Error error = trial.refused();
      CHECK(error.message.find(std::string("/data/") + name) != std::string::npos);
    }
    CHECK(picture(victim).size() == 1);
  }
}

// SEMANTICS X26
TEST_CASE("links above a target are not followed either") {
  Box box;
  const os::Path hostile = box.directory("hostile");
  REQUIRE(::symlink("/etc", (hostile / "code").c_str()) == 0);
  box.mount(Mount::Kind::overlay, hostile, "/opt/ml");
  box.mount(Mount::Kind::bind, box.directory("ours"), "/opt/ml/code/deeper");
  box.use_shell("true");
  CHECK(box.refused().message.find("/opt/ml/code/deeper") != std::string::npos);
}

TEST_CASE("devices and set-user-id files of a source are powerless") {
  Box box;
  const os::Path source = data_of(box);
  if (is_root())
    REQUIRE(::mknod((source / "device").c_str(), S_IFCHR | 0666, 0x0103) == 0);  // null's numbers
  else
    REQUIRE(::mkfifo((source / "device").c_str(), 0666) == 0);
  box.mount(Mount::Kind::bind, source, "/data");
  const Ended ended =
      box.run_shell("test -p /data/device || (echo x > /data/device) 2>/dev/null || "
                    "echo refused; grep ' /data ' /proc/self/mounts | "
                    "grep -c 'nosuid.*nodev'");
  CHECK(ended.output == (is_root() ? "refused\n1\n" : "1\n"));
}

// SEMANTICS D28
TEST_CASE("a FUSE file system is served from outside and ends with its server") {
  if (has_no_fuse()) return;
  Box box;
  box.mount(Mount::Kind::fuse, {}, "/served");
  box.use_shell("grep /served /proc/mounts | cut -d' ' -f-4; cat /served/x 2> /dev/null; echo $?");
  box.prepare();
  REQUIRE(box.running.devices.size() == 1);
  os::Fd device = std::move(box.running.devices.at("/served"));
  const os::Fd status(::openat(box.running.processes.get(), "1/status", O_RDONLY | O_CLOEXEC));
  CHECK(status);
  box.start();
  box.await_output("trainyard /served fuse ro,nosuid,nodev");
  CHECK(is_readable(device.get(), patience_ms));
  device.reset();
  CHECK(box.finish().output.ends_with("\n1\n"));
}

// SEMANTICS D28
TEST_CASE("a failure behind a FUSE file system waits for nobody") {
  if (has_no_fuse()) return;
  Box box;
  box.use_shell("true");
  box.mount(Mount::Kind::fuse, {}, "/served");
  box.mount(Mount::Kind::bind, box.directory("data"), "/etc/mtab/x", true);  // through a link
  CHECK(box.refused().message.find("/etc/mtab/x") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(box.spec.scratch));
}

}  // namespace trainyard::agent::contract
