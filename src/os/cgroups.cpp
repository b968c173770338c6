#include "os/cgroups.hpp"

#include "os/namespaces.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <signal.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace trainyard::os {
namespace {

constexpr const char* base_name = "trainyard";
constexpr const char* leaf_name = "service";
constexpr std::uint64_t period_us = 100'000;
constexpr std::uint64_t quota_us_min = 1'000;  // the kernel takes no less

struct Hierarchy {
  Path mount;
  bool second_version = false;
  std::string options;  // ",memory," among them
};

std::vector<std::string> words_of(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);)
    if (!word.empty()) out.push_back(word);
  return out;
}

// Lines of proc_pid_mountinfo(5): "... MOUNT_POINT OPTIONS [FIELDS] - TYPE SOURCE SUPER_OPTIONS".
std::vector<Hierarchy> hierarchies(const CgroupView& view) {
  std::vector<Hierarchy> out;
  const auto text = read_file(view.mountinfo);
  if (!text) return out;
  for (const auto& line : words_of(*text, '\n')) {
    const auto words = words_of(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 5 || words.end() - dash < 4) continue;
    if (dash[1] == "cgroup2") out.push_back({words[4], true, ""});
    if (dash[1] == "cgroup") out.push_back({words[4], false, "," + dash[3] + ","});
  }
  return out;
}

bool can_write(const Path& path) {
  return ::access(path.c_str(), W_OK) == 0;
}

Result<> set_limit(const Path& file, const std::string& value) {
  const Fd fd = TRY(open_file(file, O_WRONLY));
  return write_all(fd.get(), value, file.string());
}

bool lists(const Path& file, const std::string& word) {
  const auto text = read_file(file);
  if (!text) return false;
  const auto words = words_of(text->substr(0, text->find('\n')), ' ');
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Turns on what the parent offers; what it refuses shows in find_second().
void enable_controllers(const Path& directory) {
  for (const char* name : {"memory", "cpu", "pids"})
    if (lists(directory / "cgroup.controllers", name) &&
        !lists(directory / "cgroup.subtree_control", name))
      (void)set_limit(directory / "cgroup.subtree_control", std::string("+") + name);
}

// "trainyard" in the root of a version 1 hierarchy, if it can be made; make_cgroup() does.
Path first_base(const Path& mount) {
  return can_write(mount) && can_write(mount / "cgroup.procs") ? mount / base_name : Path();
}

// The same in version 2, made at once: only then it shows which controllers it gets.
Path second_base(const Path& mount) {
  const Path base = mount / base_name;
  if (::mkdir(base.c_str(), 0755) != 0 && errno != EEXIST) return {};
  enable_controllers(mount);
  return can_write(base / "cgroup.procs") ? base : Path();
}

// "0::/PATH" of proc_pid_cgroup(5).
std::string own_group(const CgroupView& view) {
  const auto text = read_file(view.membership);
  if (text)
    for (const auto& line : words_of(*text, '\n'))
      if (line.starts_with("0::/")) return line.substr(3);
  return "";
}

Path below(const Path& mount, const std::string& group) {
  return mount / Path(group).relative_path();
}

CgroupHost find_second(const CgroupView& view, const Path& mount) {
  Path base;
  const Path own = own_group(view);
  if (own.filename() == leaf_name) base = below(mount, own.parent_path().string());
  if (base.empty() || !can_write(base / "cgroup.procs")) base = second_base(mount);
  if (base.empty()) return {};
  enable_controllers(base);
  CgroupHost out;
  const Path control = base / "cgroup.subtree_control";
  if (lists(control, "memory")) out.memory = base;
  if (lists(control, "cpu")) out.cpu = base;
  if (lists(control, "pids")) out.pids = base;
  if (!out.memory.empty() || !out.cpu.empty() || !out.pids.empty()) out.version = 2;
  return out;
}

std::vector<Path> groups(const CgroupHost& host, const std::string& name) {
  std::set<Path> out;
  for (const auto* base : {&host.memory, &host.cpu, &host.pids})
    if (!base->empty()) out.insert(*base / name);
  return {out.begin(), out.end()};
}

std::string quota(double cpus) {
  return std::to_string(std::max(quota_us_min, std::uint64_t(cpus * double(period_us))));
}

// Another group's removal may take the parent away between its making and ours: then once more.
Result<> make_group(const Path& group) {
  constexpr int tries = 16;
  Result<> made = make_directories(group, 0755);
  for (int n = 1; n < tries && !made && made.error().kind == ErrorKind::not_found; ++n)
    made = make_directories(group, 0755);
  return made;
}

Result<> limit_first(const CgroupHost& host, const std::string& name, const CgroupLimits& l) {
  if (l.memory_bytes && !host.memory.empty()) {
    const Path group = host.memory / name;
    const std::string bytes = std::to_string(l.memory_bytes);
    TRY(set_limit(group / "memory.limit_in_bytes", bytes));
    // Not there when the kernel does not count swap.
    if (can_write(group / "memory.memsw.limit_in_bytes"))
      TRY(set_limit(group / "memory.memsw.limit_in_bytes", bytes));
  }
  if (l.cpus > 0 && !host.cpu.empty()) {
    TRY(set_limit(host.cpu / name / "cpu.cfs_period_us", std::to_string(period_us)));
    TRY(set_limit(host.cpu / name / "cpu.cfs_quota_us", quota(l.cpus)));
  }
  if (l.pids_max && !host.pids.empty())
    TRY(set_limit(host.pids / name / "pids.max", std::to_string(l.pids_max)));
  return {};
}

Result<> limit_second(const CgroupHost& host, const std::string& name, const CgroupLimits& l) {
  if (l.memory_bytes && !host.memory.empty()) {
    TRY(set_limit(host.memory / name / "memory.max", std::to_string(l.memory_bytes)));
    if (can_write(host.memory / name / "memory.swap.max"))
      TRY(set_limit(host.memory / name / "memory.swap.max", "0"));
  }
  if (l.cpus > 0 && !host.cpu.empty())
    TRY(set_limit(host.cpu / name / "cpu.max", quota(l.cpus) + " " + std::to_string(period_us)));
  if (l.pids_max && !host.pids.empty())
    TRY(set_limit(host.pids / name / "pids.max", std::to_string(l.pids_max)));
  return {};
}

std::optional<std::uint64_t> number_in(const std::string& text) {
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return {};
  return value;
}

// The value of "KEY VALUE" among the lines of `file`.
std::optional<std::uint64_t> value_of(const Path& file, const std::string& key) {
  const auto text = read_file(file);
  if (!text) return {};
  for (const auto& line : words_of(*text, '\n'))
    if (line.starts_with(key + " ")) return number_in(line.substr(key.size() + 1));
  return {};
}

// Kills what is listed. A pid is killed only if it is still in the group behind pidfd_open, so
// never somebody else who got the number.
void kill_members(const Path& group) {
  if (set_limit(group / "cgroup.kill", "1")) return;  // version 2 since Linux 5.14
  const auto members = [&] {
    return words_of(read_file(group / "cgroup.procs").value_or(""), '\n');
  };
  for (const auto& word : members()) {
    const auto pid = pid_t(number_in(word).value_or(0));
    const auto ticks = start_ticks(pid);
    if (pid <= 0 || !ticks) continue;
    const auto process = open_process(pid, *ticks);
    const auto now = members();
    if (process && std::find(now.begin(), now.end(), word) != now.end())
      (void)send_signal(*process, SIGKILL);
  }
}

Result<> remove_group(const Path& group) {
  // A killed process leaves its group a moment after it can be seen as dead, and version 1 tells
  // nobody: so a few short looks.
  constexpr int looks = 200, look_ms = 5;
  for (int n = 0; n < looks; ++n) {
    if (::rmdir(group.c_str()) == 0 || errno == ENOENT) return {};
    if (errno != EBUSY) break;
    kill_members(group);
    ::poll(nullptr, 0, look_ms);
  }
  return fail_errno("remove the control group " + group.string());
}

}  // namespace

CgroupHost find_cgroups(const CgroupView& view) {
  CgroupHost out;
  const auto all = hierarchies(view);
  for (const auto& h : all) {
    const auto take = [&](const char* controller, Path& into) {
      if (into.empty() && h.options.find(controller) != std::string::npos)
        into = first_base(h.mount);
    };
    if (h.second_version) continue;
    take(",memory,", out.memory);
    take(",cpu,", out.cpu);
    take(",pids,", out.pids);
  }
  if (!out.memory.empty() || !out.cpu.empty() || !out.pids.empty()) {
    out.version = 1;
    return out;
  }
  for (const auto& h : all)
    if (h.second_version) return find_second(view, h.mount);
  return out;
}

Result<> make_cgroup(const CgroupHost& host, const std::string& name, const CgroupLimits& limits) {
  for (const auto& group : groups(host, name))
    TRY(make_group(group));
  return host.version == 2 ? limit_second(host, name, limits) : limit_first(host, name, limits);
}

Result<> enter_cgroup(const CgroupHost& host, const std::string& name, pid_t pid) {
  for (const auto& group : groups(host, name))
    TRY(set_limit(group / "cgroup.procs", std::to_string(pid)));
  return {};
}

Result<> remove_cgroup(const CgroupHost& host, const std::string& name) {
  for (const auto& group : groups(host, name))
    TRY(remove_group(group));
  if (host.version == 1)  // the last one takes "trainyard" with it; refused while there are others
    for (const auto* base : {&host.memory, &host.cpu, &host.pids})
      if (!base->empty()) ::rmdir(base->c_str());
  return {};
}

CgroupUse cgroup_use(const CgroupHost& host, const std::string& name) {
  CgroupUse out;
  if (host.memory.empty()) return out;
  const Path group = host.memory / name;
  const bool first = host.version == 1;
  const auto peak = read_file(group / (first ? "memory.max_usage_in_bytes" : "memory.peak"));
  if (peak) out.memory_peak_bytes = number_in(*peak);
  out.memory_kills = value_of(group / (first ? "memory.oom_control" : "memory.events"), "oom_kill");
  return out;
}

}  // namespace trainyard::os
