#include "agent/runtime/probe.hpp"

#include "agent/runtime/sandbox.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <thread>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr uid_t probe_user = 65534;  // "nobody" where the agent is root
constexpr std::uint64_t little_space_bytes = 10ull << 30;

std::string number_in(const os::Path& path) {
  std::string text = os::read_file(path, 4096).value_or("");
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

HostCheck yes(std::string name, std::string detail) {
  return {std::move(name), true, std::move(detail), ""};
}

// A directory that is ours for the length of a check.
struct Scratch {
  os::Path path;
  Scratch() {
    std::string name =
        (std::filesystem::temp_directory_path() / "trainyard-doctor-XXXXXX").string();
    if (::mkdtemp(name.data())) path = name;
  }
  ~Scratch() {
    if (!path.empty()) (void)os::remove_tree(path);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

SandboxSpec trial(const Scratch& scratch) {
  SandboxSpec out;
  out.id = "doctor-" + std::to_string(::getpid());
  out.scratch = scratch.path / "sandbox";
  out.host_uid = ::geteuid() == 0 ? probe_user : ::geteuid();
  out.host_gid = ::geteuid() == 0 ? probe_user : ::getegid();
  out.hostname = "algo-1";
  out.argv = {"/bin/sh", "-c", "exit 0"};
  return out;
}

Result<> try_out(const SandboxSpec& spec) {
  const auto runtime = TRY(make_sandbox_runtime());
  Running running = TRY(runtime->prepare(spec));
  const auto run = [&]() -> Result<> {
    TRY(runtime->start(running));
    const Exit exit = TRY(runtime->wait(running));
    if (exit.setup_failed || exit.code != 0 || exit.signal != 0)
      return fail_internal("run /bin/sh in a sandbox: " + exit.message +
                           fmt::format(" (exit code {}, signal {})", exit.code, exit.signal));
    return {};
  };
  Result<> outcome = run();
  TRY(runtime->destroy(spec.id, spec.scratch));
  return outcome;
}

// The switches that forbid what the sandbox is made of, most likely first.
std::string namespace_cure() {
  if (number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" &&
      ::geteuid() != 0)
    return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile "
           "with "
           "`userns,` for the trainyard binary";
  if (number_in("/proc/sys/kernel/unprivileged_userns_clone") == "0" && ::geteuid() != 0)
    return "sudo sysctl kernel.unprivileged_userns_clone=1";
  if (number_in("/proc/sys/user/max_user_namespaces") == "0")
    return "sudo sysctl user.max_user_namespaces=15000";
  return "inside a container, start it with --privileged; else look at the kernel's log (dmesg)";
}

HostCheck sandbox_check() {
  const Scratch scratch;
  if (scratch.path.empty())
    return {"sandbox", false, "no temporary directory can be made", "free or mount /tmp"};
  if (const auto outcome = try_out(trial(scratch)); !outcome)
    return {"sandbox", false, outcome.error().message, namespace_cure()};
  return yes("sandbox", "user, mount, process, IPC and host name namespaces work");
}

HostCheck overlay_check() {
  const Scratch scratch;
  SandboxSpec spec = trial(scratch);
  Mount mount;
  mount.kind = Mount::Kind::overlay;
  mount.source = scratch.path;
  mount.target = "/opt/ml/input/data/probe";
  mount.read_only = false;
  spec.mounts.push_back(mount);
  if (const auto outcome = try_out(spec); !outcome)
    return {"overlay", false, outcome.error().message,
            "Linux 5.11 or newer lets an ordinary user lay overlays; keep the data directory on "
            "ext4, xfs or btrfs, not on another overlay"};
  return yes("overlay", "a job can write into its channels without touching the store");
}

HostCheck cgroup_check() {
  const auto runtime = SandboxRuntime::make();
  if (!runtime) return {"cgroups", false, runtime.error().message, "see the line above"};
  const RuntimeInfo info = (*runtime)->describe();
  const std::string detail = fmt::format(
      "memory {}, cpu {}, pids {}", info.limits_memory ? "limited" : "not limited",
      info.limits_cpu ? "limited" : "not limited", info.limits_pids ? "limited" : "not limited");
  if (info.limits_memory && info.limits_cpu && info.limits_pids) return yes("cgroups", detail);
  return {"cgroups", false, detail,
          "run the service as root, or by systemd with Delegate=yes (packaging/trainyard.service)"};
}

HostCheck apparmor_check() {
  const std::string value = number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  if (value != "1") return yes("apparmor", "does not restrict user namespaces");
  return {"apparmor", ::geteuid() == 0, "restricts the user namespaces of ordinary users",
          ::geteuid() == 0 ? "" : namespace_cure()};
}

HostCheck fuse_check() {
  if (::access("/dev/fuse", R_OK | W_OK) == 0) return yes("fuse", "/dev/fuse can be opened");
  return {"fuse", false, "/dev/fuse is missing or closed to this user",
          "sudo modprobe fuse; nothing rests on it yet"};
}

HostCheck gpu_check() {
  if (::access("/dev/nvidiactl", F_OK) == 0) return yes("gpu", "an NVIDIA driver is loaded");
  return {"gpu", false, "no NVIDIA driver is loaded; GPU instance types run on processors",
          "install the driver, if this machine has a GPU"};
}

HostCheck disk_check() {
  const auto found = os::space(std::filesystem::current_path());
  if (!found) return {"disk", false, found.error().message, ""};
  const std::string detail =
      fmt::format("{:.1f} GiB free here", double(found->free_bytes) / (1u << 30));
  if (found->free_bytes >= little_space_bytes) return yes("disk", detail);
  return {"disk", false, detail, "keep the data directory (--data) where there is more"};
}

// Without it systemd ends an ordinary user's service when the last session does.
HostCheck linger_check() {
  const char* user = std::getenv("USER");
  if (::geteuid() == 0) return yes("linger", "not needed by root's services");
  if (::access("/run/systemd/system", F_OK) != 0) return yes("linger", "no systemd here");
  if (user && ::access(("/var/lib/systemd/linger/" + std::string(user)).c_str(), F_OK) == 0)
    return yes("linger", "services of this user go on after it logs out");
  return {"linger", false, "services of this user end when it logs out", "loginctl enable-linger"};
}

HostCheck machine_check() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGE_SIZE);
  return yes("machine",
             fmt::format("{} processors, {:.1f} GiB memory", std::thread::hardware_concurrency(),
                         double(pages) * double(page) / (1u << 30)));
}

}  // namespace

HostReport probe_host() {
  return {machine_check(), sandbox_check(), overlay_check(), cgroup_check(), apparmor_check(),
          fuse_check(),    gpu_check(),     disk_check(),    linger_check()};
}

}  // namespace trainyard::agent
