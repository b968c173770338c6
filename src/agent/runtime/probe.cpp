#include "agent/runtime/probe.hpp"

#include "agent/runtime/sandbox.hpp"
#include "os/fuse.hpp"
#include "os/nvml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <map>
#include <pwd.h>
#include <thread>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr uid_t nobody = 65534;  // in whose name root tries when the jobs' user is missing
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

// Where the data directory is, or would be made.
os::Path nearest_directory(os::Path path) {
  std::error_code ec;
  path = std::filesystem::absolute(path, ec);
  while (!std::filesystem::is_directory(path, ec) && path != path.parent_path())
    path = path.parent_path();
  return path;
}

// A directory that is ours for the length of a check: on the data directory's file system, where
// this user may write there.
struct Scratch {
  os::Path path;
  explicit Scratch(const os::Path& data) {
    for (const os::Path& parent : {nearest_directory(data), os::Path("/tmp")}) {
      std::string name = (parent / ".trainyard-doctor-XXXXXX").string();
      if (path.empty() && ::mkdtemp(name.data())) path = name;
    }
  }
  ~Scratch() {
    if (!path.empty()) (void)os::remove_tree(path);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

struct Identity {
  uid_t uid;
  gid_t gid;
};

// Who a job would be outside.
Identity jobs_identity(const HostQuestion& question) {
  if (::geteuid() != 0) return {::geteuid(), ::getegid()};
  const passwd* entry = ::getpwnam(question.sandbox_user.c_str());
  return entry && entry->pw_uid != 0 ? Identity{entry->pw_uid, entry->pw_gid}
                                     : Identity{nobody, nobody};
}

SandboxSpec trial(const Scratch& scratch, const HostQuestion& question) {
  SandboxSpec out;
  out.id = "doctor-" + std::to_string(::getpid());
  out.scratch = scratch.path / "sandbox";
  out.host_uid = jobs_identity(question).uid;
  out.host_gid = jobs_identity(question).gid;
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

HostCheck user_check(const HostQuestion& question) {
  if (::geteuid() != 0) return yes("user", "jobs run as this user; root's run as one of their own");
  const std::string& name = question.sandbox_user;
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry && entry->pw_uid != 0) return yes("user", "jobs run as '" + name + "'");
  return {
      "user", false,
      entry ? "'" + name + "' is root, which no job runs as" : "there is no user '" + name + "'",
      fmt::format("useradd --system --user-group --no-create-home --shell /usr/sbin/nologin {}, "
                  "or name another: [sandbox] user",
                  entry ? "trainyard" : name)};
}

HostCheck sandbox_check(const HostQuestion& question) {
  const Scratch scratch(question.data);
  if (scratch.path.empty())
    return {"sandbox", false, "no temporary directory can be made", "free or mount /tmp"};
  if (const auto outcome = try_out(trial(scratch, question)); !outcome)
    return {"sandbox", false, outcome.error().message, namespace_cure()};
  return yes("sandbox", "user, mount, process, IPC and host name namespaces work");
}

HostCheck overlay_check(const HostQuestion& question) {
  const Scratch scratch(question.data);
  SandboxSpec spec = trial(scratch, question);
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
  if (!runtime) return {"cgroups", false, runtime.error().message, namespace_cure()};
  const RuntimeInfo info = (*runtime)->describe();
  const std::string detail = fmt::format(
      "memory {}, cpu {}, pids {}", info.limits_memory ? "limited" : "not limited",
      info.limits_cpu ? "limited" : "not limited", info.limits_pids ? "limited" : "not limited");
  if (info.limits_memory && info.limits_cpu && info.limits_pids) return yes("cgroups", detail);
  return {"cgroups", false, detail,
          "run the service as root, or by systemd (254 or newer) as packaging/trainyard.service "
          "tells it"};
}

HostCheck apparmor_check() {
  const std::string value = number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  if (value != "1") return yes("apparmor", "does not restrict user namespaces");
  return {"apparmor", ::geteuid() == 0, "restricts the user namespaces of ordinary users",
          ::geteuid() == 0 ? "" : namespace_cure()};
}

std::string fuse_cure() {
  if (::access("/dev/fuse", R_OK | W_OK) != 0)
    return "sudo modprobe fuse; sudo chmod 666 /dev/fuse, as udev has it";
  return ::geteuid() == 0 ? "give the container that this runs in CAP_SYS_ADMIN" : namespace_cure();
}

HostCheck fuse_check() {
  const auto can = os::can_mount_fuse();
  if (can) return yes("fuse", "FastFile channels come from another S3 as they are read");
  return {"fuse", false,
          "FastFile channels are downloaded from another S3 before the script: " +
              can.error().message,
          fuse_cure()};
}

HostCheck gpu_check() {
  const auto gpus = os::Nvml().list();
  if (!gpus)
    return {"gpu", false, "jobs are given no GPU: " + gpus.error().message,
            "where the driver was replaced a restart of the machine helps"};
  if (gpus->empty())
    return {"gpu", false, "no NVIDIA driver shows a GPU",
            "none is needed: GPU instance types run on processors"};
  std::map<std::string, int> names;
  for (const auto& gpu : *gpus)
    ++names[fmt::format("{}, {:.0f} GiB", gpu.name, double(gpu.memory_bytes) / (1u << 30))];
  std::vector<std::string> parts;
  for (const auto& [name, count] : names)
    parts.push_back(fmt::format("{} x {}", count, name));
  return yes("gpu", fmt::format("{}: each a job's alone while it runs", fmt::join(parts, "; ")));
}

HostCheck disk_check(const HostQuestion& question) {
  const os::Path at = nearest_directory(question.data);
  const std::string cure = "keep the data directory (--data) where there is more";
  const auto found = os::space(at);
  if (!found) return {"disk", false, found.error().message, cure};
  const std::string detail =
      fmt::format("{:.1f} GiB free in {}", double(found->free_bytes) / (1u << 30), at.string());
  if (found->free_bytes >= little_space_bytes) return yes("disk", detail);
  return {"disk", false, detail, cure};
}

// Without it systemd ends an ordinary user's service when the last session does.
HostCheck linger_check() {
  if (::geteuid() == 0) return yes("linger", "not needed by root's services");
  if (::access("/run/systemd/system", F_OK) != 0) return yes("linger", "no systemd here");
  const passwd* entry = ::getpwuid(::geteuid());
  const std::string user = entry ? entry->pw_name : std::to_string(::geteuid());
  if (::access(("/var/lib/systemd/linger/" + user).c_str(), F_OK) == 0)
    return yes("linger", "services of " + user + " go on after it logs out");
  return {"linger", false, "services of " + user + " end when it logs out",
          "loginctl enable-linger " + user};
}

HostCheck machine_check() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGE_SIZE);
  return yes("machine",
             fmt::format("{} processors, {:.1f} GiB memory", std::thread::hardware_concurrency(),
                         double(pages) * double(page) / (1u << 30)));
}

}  // namespace

HostReport probe_host(const HostQuestion& question) {
  return {machine_check(),
          user_check(question),
          sandbox_check(question),
          overlay_check(question),
          cgroup_check(),
          apparmor_check(),
          fuse_check(),
          gpu_check(),
          disk_check(question),
          linger_check()};
}

}  // namespace trainyard::agent
