#include "agent/runtime/sandbox_plan.hpp"

#include "agent/runtime/sandbox_check.hpp"

#include <algorithm>
#include <linux/sched.h>
#include <optional>

namespace trainyard::agent {
namespace {

constexpr std::uint64_t shm_bytes_default = 64u << 20;
constexpr const char* own_stage = ".own";      // where overlays find their uppers while we build
constexpr const char* lower_stage = ".lower";  // and the layer below

std::string inside_root(const os::Path& absolute) {
  return absolute.relative_path().string();
}

std::size_t depth(const os::Path& path) {
  return std::size_t(std::distance(path.begin(), path.end()));
}

std::string size_option(std::uint64_t bytes, const char* mode) {
  return "size=" + std::to_string(bytes) + ",mode=" + mode;
}

// As texts, for what is below `within` is cut out of the source. A directory is below itself.
bool is_below(const std::string& path, const std::string& directory) {
  return path.starts_with(directory) && (path.size() == directory.size() ||
                                         directory.ends_with('/') || path[directory.size()] == '/');
}

bool is_within(const Mount& mount) {
  return mount.within.empty() || is_below(mount.source.native(), mount.within.native());
}

// A file of accounts, with a line for each of these that it lacks.
std::string with_lines(std::string text, std::initializer_list<std::string_view> lines) {
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  for (const std::string_view line : lines) {
    const std::string begin = "\n" + std::string(line.substr(0, line.find(':') + 1));
    if (("\n" + text).find(begin) == std::string::npos) text += std::string(line) + "\n";
  }
  return text;
}

class Builder {
public:
  Builder(const SandboxSpec& spec, const HostFacts& facts) : spec_(spec), facts_(facts) {}
  Result<SandboxPlan> build();

private:
  void identity();
  void skeleton();
  void show(const HostEntry& entry, const os::Path& below);
  void settings();
  void kernel_views();
  void devices();
  Result<> mounts();
  Result<> mount(std::size_t n);
  Result<> keep_out_of_served(std::size_t n) const;
  void fuse(const Mount& mount, const os::Path& target);
  void overlay(const Mount& mount, const os::Path& target);
  bool is_of_root(std::string_view name) const;
  bool is_there_already(const Mount& mount, const os::Path& target) const;
  os::Path without_links(const os::Path& target) const;

  Step& add(Step::Action action, std::string target, std::string text = "");
  void own(const std::string& name, unsigned mode, const std::string& target);
  void attach(const os::Path& source, const std::string& target, bool directory,
              bool read_only = true, bool device = false);
  Step& filesystem(const char* type, const std::string& target, const std::string& options);

  const SandboxSpec& spec_;
  const HostFacts& facts_;
  SandboxPlan plan_;
  std::size_t overlays_ = 0;
};

Step& Builder::add(Step::Action action, std::string target, std::string text) {
  Step step;
  step.action = action;
  step.target = std::move(target);
  step.text = std::move(text);
  return plan_.steps.emplace_back(std::move(step));
}

void Builder::attach(const os::Path& source, const std::string& target, bool directory,
                     bool read_only, bool device) {
  plan_.trees.push_back({source, read_only, device});
  Step& step = add(Step::Action::attach, target);
  step.tree = int(plan_.trees.size()) - 1;
  step.directory = directory;
}

// A directory of the container's own on disk, seen at `target`.
void Builder::own(const std::string& name, unsigned mode, const std::string& target) {
  plan_.own.push_back({name, mode});
  attach(own_directory(spec_.scratch) / name, target, true, false);
}

Step& Builder::filesystem(const char* type, const std::string& target, const std::string& options) {
  Step& step = add(Step::Action::filesystem, target, options);
  step.type = type;
  return step;
}

void Builder::identity() {
  plan_.host_uid = spec_.host_uid;
  plan_.host_gid = spec_.host_gid;
  plan_.trees_by_agent = facts_.uid == 0;
  plan_.namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;
  if (spec_.network == Network::none) plan_.namespaces |= CLONE_NEWNET;
  plan_.limits = {spec_.limits.cpus, spec_.limits.memory_bytes, 0};
  if (spec_.limits.pids_max == 0) return;
  const std::uint64_t processes = spec_.limits.pids_max + 1;  // pid 1 is ours
  if (facts_.cgroups.pids.empty())
    plan_.processes_max = processes;
  else
    plan_.limits.pids_max = processes;
}

// What the base root has there, as it has it: links as links.
void Builder::show(const HostEntry& entry, const os::Path& below) {
  const os::Path at = below / entry.name;
  if (!entry.link.empty()) {
    add(Step::Action::link, at, entry.link);
    return;
  }
  attach((spec_.root.empty() ? os::Path("/") : spec_.root) / at, at, entry.directory);
  plan_.trees.back().within = spec_.root;
}

void Builder::skeleton() {
  for (const auto& entry : facts_.root)
    show(entry, "");
  for (const char* name :
       {"etc", "home", "mnt", "opt", "run/lock", "srv", "var/cache", "var/lib", "var/log"})
    if (!is_of_root(name)) add(Step::Action::directory, name);
  for (const auto& entry : facts_.opt)
    show(entry, "opt");
  add(Step::Action::link, "var/run", "/run");
  add(Step::Action::link, "var/lock", "/run/lock");
  own("tmp", 01777, "tmp");
  own("var-tmp", 01777, "var/tmp");
  own("root", 0700, "root");
}

void Builder::settings() {
  const auto file = [&](const char* name, std::string text) {
    add(Step::Action::file, std::string("etc/") + name, std::move(text)).mode = 0644;
  };
  file("passwd",
       with_lines(facts_.passwd, {"root:x:0:0:root:/root:/bin/sh",
                                  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"}));
  file("group", with_lines(facts_.group, {"root:x:0:", "nogroup:x:65534:"}));
  file("nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
                        "networks: files\nprotocols: files\nservices: files\n");
  file("hostname", spec_.hostname + "\n");
  std::string hosts =
      "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.0.1 " + spec_.hostname;
  for (const auto& alias : spec_.aliases)
    if (alias != spec_.hostname) hosts += " " + alias;
  file("hosts", hosts + "\n");
  file("resolv.conf", facts_.resolver);
  add(Step::Action::link, "etc/mtab", "/proc/self/mounts");
  for (const auto& entry : facts_.etc) {
    const std::string target = "etc/" + entry.name;
    if (!spec_.root.empty()) {
      show(entry, "etc");
      continue;
    }
    // A link into what is seen anyway is copied as a link; another one by what it leads to.
    const auto text = os::Path(entry.link).lexically_normal().string();
    if (text.starts_with("/usr/") || text.starts_with("../usr/"))
      add(Step::Action::link, target, entry.link);
    else
      attach(os::Path("/etc") / entry.name, target, entry.directory);
  }
}

// /proc and /sys. In a network namespace of its own /sys must be a new one: the host's would show
// the host's interfaces. Hosts that hide parts of theirs (containers) refuse that: then it is left
// out. Of the control groups a program sees its own, where it looks for limits.
void Builder::kernel_views() {
  filesystem("proc", "proc", "").executable = false;
  if (spec_.network == Network::host) {
    attach("/sys", "sys", true);
  } else {
    Step& fresh = filesystem("sysfs", "sys", "");
    fresh.executable = false;
    fresh.read_only = fresh.optional = true;
  }
  filesystem("tmpfs", "sys/fs/cgroup", size_option(4096, "0755")).optional = true;
  const os::CgroupHost& groups = facts_.cgroups;
  if (groups.version == 2) {
    const os::Path& base = !groups.memory.empty() ? groups.memory : groups.cpu;
    if (!base.empty()) attach(base / spec_.id, "sys/fs/cgroup", true);
  }
  if (groups.version != 1) return;
  if (!groups.memory.empty()) attach(groups.memory / spec_.id, "sys/fs/cgroup/memory", true);
  if (!groups.cpu.empty()) attach(groups.cpu / spec_.id, "sys/fs/cgroup/cpu", true);
}

void Builder::devices() {
  filesystem("tmpfs", "dev", size_option(1u << 20, "0755")).executable = false;
  for (const auto& name : facts_.devices)
    attach("/dev/" + name, "dev/" + name, false, false, true);
  Step& terminals = filesystem("devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620");
  terminals.executable = false;
  terminals.devices = true;  // its own pseudo-terminals: all that it can hold
  const std::uint64_t bytes = spec_.shm_bytes ? spec_.shm_bytes : shm_bytes_default;
  filesystem("tmpfs", "dev/shm", size_option(bytes, "1777")).executable = false;
  add(Step::Action::link, "dev/ptmx", "pts/ptmx");
  add(Step::Action::link, "dev/fd", "/proc/self/fd");
  add(Step::Action::link, "dev/stdin", "/proc/self/fd/0");
  add(Step::Action::link, "dev/stdout", "/proc/self/fd/1");
  add(Step::Action::link, "dev/stderr", "/proc/self/fd/2");
}

// The target with a link of the root, /lib -> usr/lib, replaced: no step follows links.
os::Path Builder::without_links(const os::Path& target) const {
  const os::Path inside = target.lexically_normal().relative_path();
  if (inside.empty()) return target;
  for (const auto& entry : facts_.root)
    if (!entry.link.empty() && entry.name == inside.begin()->string())
      return (os::Path("/") / entry.link / inside.lexically_relative(entry.name))
          .lexically_normal();
  return target.lexically_normal();
}

bool Builder::is_of_root(std::string_view name) const {
  return std::any_of(facts_.root.begin(), facts_.root.end(),
                     [&](const auto& entry) { return entry.name == name; });
}

// A part of what the base root shows already, under its own name.
bool Builder::is_there_already(const Mount& mount, const os::Path& target) const {
  if (mount.kind != Mount::Kind::bind || !mount.read_only) return false;
  if (without_links(mount.source) != target) return false;
  return spec_.root.empty() && is_of_root(target.relative_path().begin()->string());
}

void Builder::overlay(const Mount& mount, const os::Path& target) {
  const std::string number = std::to_string(overlays_++);
  const std::string upper = "upper-" + number, work = "work-" + number;
  plan_.own.push_back({upper, 0755});
  plan_.own.push_back({work, 0755});
  attach(mount.source, lower_stage, true);
  const std::string stage = std::string(building_root) + "/";
  // userxattr: an ordinary user may write no trusted.* attributes. volatile: the upper is thrown
  // away, so its end need not wait for the disk.
  filesystem("overlay", inside_root(target),
             "lowerdir=" + stage + lower_stage + ",upperdir=" + stage + own_stage + "/" + upper +
                 ",workdir=" + stage + own_stage + "/" + work + ",userxattr,volatile");
  add(Step::Action::detach, lower_stage);
}

void Builder::fuse(const Mount& mount, const os::Path& target) {
  add(Step::Action::fuse, inside_root(target)).device = int(plan_.devices.size());
  plan_.devices.push_back(mount.target);
}

// Pid 1 would wait for whoever serves it, which may be itself: its descriptors are the agent's.
Result<> Builder::keep_out_of_served(std::size_t n) const {
  const os::Path target = without_links(spec_.mounts[n].target);
  for (std::size_t other = 0; other < spec_.mounts.size(); ++other) {
    const Mount& served = spec_.mounts[other];
    const bool is_served =
        (served.kind == Mount::Kind::tree && served.is_served) || served.kind == Mount::Kind::fuse;
    if (other == n || !is_served) continue;
    const os::Path above = without_links(served.target);
    if (is_below(target, above))
      return refuse("mount something at " + target.string(),
                    "it is in " + above.string() +
                        ", which is a channel in FastFile mode; choose another");
  }
  return {};
}

Result<> Builder::mount(std::size_t n) {
  const Mount& mount = spec_.mounts[n];
  const os::Path target = without_links(mount.target);
  TRY(check_target(target));  // a root's link may lead anywhere
  TRY(keep_out_of_served(n));
  if (mount.kind == Mount::Kind::tmpfs) {
    if (mount.size_bytes == 0)
      return refuse("mount a memory file system at " + target.string(),
                    "it has no size; give it one");
    filesystem("tmpfs", inside_root(target), size_option(mount.size_bytes, "0755"));
    return {};
  }
  if (mount.kind == Mount::Kind::tree) {
    attach({}, inside_root(target), true);
    plan_.trees.back().given = mount.tree;
    return {};
  }
  if (mount.kind == Mount::Kind::fuse) {
    fuse(mount, target);
    return {};
  }
  if (!is_within(mount))
    return refuse("mount " + mount.source.string() + " at " + target.string(),
                  "it is not in " + mount.within.string());
  const SourceFacts& source = facts_.sources[n];
  if (!source.exists && mount.optional) return {};
  if (!source.exists)
    return fail(ErrorKind::not_found, "InternalFailure",
                "mount " + mount.source.string() + " at " + target.string() +
                    " of the sandbox: there is no such file or directory on this machine");
  if (is_there_already(mount, target)) return {};
  if (mount.kind == Mount::Kind::bind || mount.read_only) {
    attach(mount.source, inside_root(target), source.directory, mount.read_only, source.device);
    plan_.trees.back().within = mount.within;
    return {};
  }
  if (!source.directory)
    return refuse("lay an overlay on " + mount.source.string(), "it is no directory");
  overlay(mount, target);
  return {};
}

Result<> Builder::mounts() {
  std::vector<std::size_t> order;
  bool has_overlay = false;
  for (std::size_t n = 0; n < spec_.mounts.size(); ++n) {
    order.push_back(n);
    has_overlay = has_overlay || spec_.mounts[n].kind == Mount::Kind::overlay;
  }
  const auto place = [&](std::size_t n) {
    return std::pair(depth(without_links(spec_.mounts[n].target)), n);
  };
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  if (has_overlay) attach(own_directory(spec_.scratch), own_stage, true, false);
  for (const std::size_t n : order)
    TRY(mount(n));
  if (has_overlay) add(Step::Action::detach, own_stage);
  return {};
}

Result<SandboxPlan> Builder::build() {
  TRY(check_spec(spec_, facts_));
  identity();
  skeleton();
  settings();
  kernel_views();
  devices();
  TRY(mounts());
  // No user namespace in this one: that is where an ordinary process gets the powers of root.
  add(Step::Action::sysctl, "proc/sys/user/max_user_namespaces", "0");
  return std::move(plan_);
}

}  // namespace

os::Path own_directory(const os::Path& scratch) {
  return scratch / "own";
}

Result<SandboxPlan> build_plan(const SandboxSpec& spec, const HostFacts& facts) {
  return Builder(spec, facts).build();
}

}  // namespace trainyard::agent
