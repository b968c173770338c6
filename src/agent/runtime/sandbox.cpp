#include "agent/runtime/sandbox.hpp"

#include "agent/runtime/sandbox_apply.hpp"
#include "agent/runtime/sandbox_check.hpp"
#include "agent/runtime/sandbox_failure.hpp"
#include "agent/runtime/sandbox_filter.hpp"
#include "agent/runtime/sandbox_init.hpp"
#include "agent/runtime/sandbox_messages.hpp"
#include "agent/runtime/sandbox_record.hpp"
#include "os/namespaces.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr int build_timeout_ms = 60'000;  // overlays on slow disks; a hang must end
constexpr int end_timeout_ms = 10'000;    // of a container that was told to end
constexpr int pipe_bytes = 1 << 20;       // what an ordinary user may have, as a rule
constexpr const char* oom_score = "500";  // jobs go before the service does
constexpr std::string_view default_search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts)
    out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::string search_path(const std::vector<std::string>& environment) {
  for (const auto& variable : environment)
    if (variable.starts_with("PATH=")) return variable.substr(5);
  return std::string(default_search_path);
}

// The descriptors of one container: the agent's ends and pid 1's.
struct Channels {
  os::Fd control, controlled;
  os::Pipe lifeline, output;
  os::Fd log;
};

Result<Channels> make_channels(const SandboxSpec& spec) {
  Channels out;
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return fail_errno("make a sandbox's control channel");
  out.control.reset(pair[0]);
  out.controlled.reset(pair[1]);
  out.lifeline = TRY(os::make_pipe());
  out.output = TRY(os::make_pipe());
  (void)::fcntl(out.output.write.get(), F_SETPIPE_SZ, pipe_bytes);  // nicer, nothing rests on it
  if (!spec.log.empty()) out.log = TRY(os::open_file(spec.log, O_WRONLY | O_CREAT));
  return out;
}

// The trees' descriptors in the numbers that pid 1 inherits.
struct TreeCopies {
  std::vector<int> fds;
  explicit TreeCopies(std::size_t count) : fds(count, -1) {}
  ~TreeCopies() {
    for (const int fd : fds)
      if (fd >= 0) ::close(fd);
  }
  Result<> take_given(const SandboxPlan& plan) {
    for (std::size_t n = 0; n < fds.size(); ++n) {
      if (plan.trees[n].given < 0) continue;
      fds[n] = ::fcntl(plan.trees[n].given, F_DUPFD_CLOEXEC, 0);
      if (fds[n] < 0) return fail_errno("hand a mount to a sandbox");
    }
    return {};
  }
  TreeCopies(const TreeCopies&) = delete;
  TreeCopies& operator=(const TreeCopies&) = delete;
};

Result<> order(const os::Fd& control, Order::Kind kind, int value = 0) {
  const Order text{kind, value};
  if (::send(control.get(), &text, sizeof text, MSG_NOSIGNAL) == ssize_t(sizeof text)) return {};
  if (errno == EPIPE || errno == ECONNRESET) return {};  // it has ended: its pidfd tells
  return fail_errno("give an order to a sandbox");
}

struct Said {
  Word word;
  os::Fd descriptor;
};

// One word of pid 1's, or nothing: it died without one, or there is none yet (`flags`).
std::optional<Said> hear(const os::Fd& control, int flags) {
  Said out;
  iovec part{&out.word, sizeof out.word};
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = rights;
  message.msg_controllen = sizeof rights;
  ssize_t n = 0;
  do
    n = ::recvmsg(control.get(), &message, flags | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  const cmsghdr* header = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    out.descriptor.reset(fd);
  }
  if (n != ssize_t(sizeof out.word)) return {};
  return out;
}

// The next word of a pid 1 that builds.
Result<Said> hear_next(const os::Fd& control, const std::string& doing) {
  pollfd fd{control.get(), POLLIN, 0};
  int n = 0;
  do
    n = ::poll(&fd, 1, build_timeout_ms);
  while (n < 0 && errno == EINTR);
  if (n == 0) return fail_internal(doing + "it was not built in time");
  auto said = hear(control, 0);
  if (!said) return fail_internal(doing + "its first process died while it was built");
  return std::move(*said);
}

bool has_all_devices(const Running& running, const SandboxPlan& plan) {
  if (plan.devices.empty()) return true;
  return running.processes && running.devices.size() == plan.devices.size() &&
         std::all_of(running.devices.begin(), running.devices.end(),
                     [](const auto& one) { return bool(one.second); });
}

// Until it is built, with the descriptors that it hands over.
Result<> hear_ready(const os::Fd& control, const SandboxPlan& plan, const SandboxSpec& spec,
                    Running& out) {
  const std::string doing = "make sandbox " + spec.id + ": ";
  for (;;) {
    Said said = TRY(hear_next(control, doing));
    switch (said.word.kind) {
    case Word::Kind::device:
      out.devices[plan.devices[std::size_t(said.word.step)]] = std::move(said.descriptor);
      break;
    case Word::Kind::processes:
      out.processes = std::move(said.descriptor);
      break;
    case Word::Kind::ready:
      out.door_listener = std::move(said.descriptor);
      if (has_all_devices(out, plan)) return {};
      return fail_internal(doing + "a descriptor did not come out of it; are too many open?");
    case Word::Kind::failed:
    case Word::Kind::ended:
    case Word::Kind::no_run:
      return fail_internal(doing + explain(said.word, plan, spec));
    }
  }
}

// Ends pid 1 if `child` is ours to wait for or not: killed, awaited, reaped if it is our child.
Result<> end(const os::Child& child) {
  TRY(os::send_signal(child, SIGKILL));
  if (!TRY(os::wait_until_ended(child.pidfd, end_timeout_ms)))
    return fail_internal("end process " + std::to_string(child.pid) +
                         ": it did not end after SIGKILL; is its disk or device stuck?");
  siginfo_t info{};
  (void)::waitid(P_PIDFD, id_t(child.pidfd.get()), &info, WEXITED | WNOHANG);
  return {};
}

// A container whose agent died is ending by itself, its last output on the way to the log.
Result<> end_recorded(const os::Path& scratch) {
  const auto process = TRY(find_recorded(scratch));
  if (!process) return {};
  if (TRY(os::wait_until_ended(process->pidfd, end_timeout_ms / 2))) return {};
  return end(*process);
}

Result<> make_own_directory(const os::Path& path, unsigned mode, uid_t uid, gid_t gid) {
  if (::mkdir(path.c_str(), mode) != 0 || ::chmod(path.c_str(), mode) != 0)
    return fail_errno("make the directory " + path.string());
  if (::geteuid() == 0 && ::lchown(path.c_str(), uid, gid) != 0)
    return fail_errno("give the directory " + path.string() + " to the job's user");
  return {};
}

}  // namespace

struct SandboxRuntime::Live {
  SandboxSpec spec;
  SandboxPlan plan;
  os::Child init;
  os::Fd lifeline;
  bool was_asked_to_end = false;
  std::optional<Exit> exit;
};

SandboxRuntime::SandboxRuntime(os::CgroupHost cgroups, os::SyscallFilter filter)
    : cgroups_(std::move(cgroups)), filter_(std::move(filter)) {}

SandboxRuntime::~SandboxRuntime() = default;

Result<std::unique_ptr<SandboxRuntime>> SandboxRuntime::make() {
  os::SyscallFilter filter = TRY(os::compile_filter(sandbox_rules()));
  return std::unique_ptr<SandboxRuntime>(new SandboxRuntime(os::find_cgroups(), std::move(filter)));
}

RuntimeInfo SandboxRuntime::describe() const {
  RuntimeInfo out;
  out.name = "sandbox";
  out.limits_memory = !cgroups_.memory.empty();
  out.limits_cpu = !cgroups_.cpu.empty();
  out.limits_pids = !cgroups_.pids.empty();
  if (!out.limits_memory || !out.limits_cpu)
    out.note =
        "memory and processor time are not limited here: no control group of this machine is "
        "writable; run the service as root, or by systemd (254 or newer) with Delegate=yes and "
        "DelegateSubgroup=service";
  return out;
}

// What must exist before anything is copied: directories of the container's own, its group.
Result<> SandboxRuntime::lay_out(const Live& live) const {
  const SandboxSpec& spec = live.spec;
  TRY(os::make_directories(spec.scratch));
  TRY(make_own_directory(own_directory(spec.scratch), 0755, spec.host_uid, spec.host_gid));
  for (const auto& own : live.plan.own)
    TRY(make_own_directory(own_directory(spec.scratch) / own.path, own.mode, spec.host_uid,
                           spec.host_gid));
  return os::make_cgroup(cgroups_, spec.id, live.plan.limits);
}

Result<Running> SandboxRuntime::build(Live& live) {
  const SandboxSpec& spec = live.spec;
  TRY(lay_out(live));
  Channels channels = TRY(make_channels(spec));
  TreeCopies trees(live.plan.trees.size());
  std::vector<int> devices(live.plan.devices.size(), -1);
  Word failure;
  TRY(trees.take_given(live.plan));
  if (live.plan.trees_by_agent && copy_trees(live.plan, trees.fds, failure) != 0)
    return fail_internal("make sandbox " + spec.id + ": " + explain(failure, live.plan, spec));
  const auto argv = pointers(spec.argv);
  const auto environment = pointers(spec.environment);
  const std::string path = search_path(spec.environment);
  InitContext context;
  context.plan = &live.plan;
  context.trees = trees.fds;
  context.devices = devices;
  context.filter = &filter_;
  context.argv = argv.data();
  context.environment = environment.data();
  context.search_path = path.c_str();
  context.working_directory = spec.working_directory.c_str();
  context.hostname = spec.hostname.c_str();
  context.door_port = spec.door_port;
  context.control = channels.controlled.get();
  context.lifeline = channels.lifeline.read.get();
  context.output_read = channels.output.read.get();
  context.output_write = channels.output.write.get();
  context.log = channels.log.get();
  context.agents_control = channels.control.get();
  context.agents_lifeline = channels.lifeline.write.get();
  int pidfd = -1;
  const pid_t pid = os::clone_process(live.plan.namespaces, &pidfd);
  if (pid == 0) run_init(context);
  if (pid < 0)
    return fail_errno("make sandbox " + spec.id +
                      ": start a process in new namespaces; `trainyard doctor` tells what this "
                      "machine does not allow");
  live.init = {pid, os::Fd(pidfd)};
  live.lifeline = std::move(channels.lifeline.write);
  channels.controlled.reset();
  channels.output.write.reset();
  TRY(os::map_single_user(pid, spec.host_uid, spec.host_gid));
  (void)os::write_file("/proc/" + std::to_string(pid) + "/oom_score_adj", oom_score);
  TRY(os::enter_cgroup(cgroups_, spec.id, pid));
  TRY(write_record(spec.scratch, pid));
  TRY(order(channels.control, Order::Kind::mapped));
  Running out;
  TRY(hear_ready(channels.control, live.plan, spec, out));
  out.exited.reset(::fcntl(live.init.pidfd.get(), F_DUPFD_CLOEXEC, 0));
  if (!out.exited) return fail_errno("watch sandbox " + spec.id);
  out.output = std::move(channels.output.read);
  out.init = pid;
  out.control = std::move(channels.control);
  return out;
}

Result<Running> SandboxRuntime::prepare(const SandboxSpec& spec) {
  TRY(check_id(spec.id));
  if (live_.count(spec.id))
    return fail(ErrorKind::conflict, "InvalidArgument",
                "make sandbox " + spec.id + ": it is there already; destroy it first");
  const auto facts = TRY(gather_facts(spec));
  auto live = std::make_unique<Live>();
  live->spec = spec;
  live->plan = TRY(build_plan(spec, facts));
  TRY(destroy(spec.id, spec.scratch));
  auto running = build(*live);
  const bool was_started = live->init.pid > 0;
  if (!running && was_started) (void)end(live->init);
  if (!running) {
    (void)destroy(spec.id, spec.scratch);  // the first failure is the one to tell
    return Failure(running.error());
  }
  live_.emplace(spec.id, std::move(live));
  return running;
}

Result<SandboxRuntime::Live*> SandboxRuntime::find(const Running& running) {
  for (const auto& [id, live] : live_)
    if (live->init.pid == running.init) return live.get();
  return fail_internal("find a sandbox by its process " + std::to_string(running.init) +
                       ": it was destroyed");
}

Result<> SandboxRuntime::start(Running& running) {
  TRY(find(running));
  return order(running.control, Order::Kind::start);
}

Result<> SandboxRuntime::signal(Running& running, int signal) {
  TRY(find(running));
  return order(running.control, Order::Kind::signal, signal);
}

Result<> SandboxRuntime::kill(Running& running) {
  Live* live = TRY(find(running));
  if (std::exchange(live->was_asked_to_end, true)) return os::send_signal(live->init, SIGKILL);
  return order(running.control, Order::Kind::kill);
}

Result<Exit> SandboxRuntime::wait(Running& running) {
  Live* live = TRY(find(running));
  if (live->exit) return *live->exit;
  TRY(os::wait_until_ended(live->init.pidfd, -1));
  const auto said = hear(running.control, MSG_DONTWAIT);
  siginfo_t info{};
  (void)::waitid(P_PIDFD, id_t(live->init.pidfd.get()), &info, WEXITED | WNOHANG);
  Exit out;
  const os::CgroupUse use = os::cgroup_use(cgroups_, live->spec.id);
  const Word word = said ? said->word : Word{};
  out.memory_peak_bytes = use.memory_peak_bytes.value_or(word.memory_peak_kib << 10);
  out.out_of_memory = use.memory_kills.value_or(0) > 0;
  out.counts_memory_kills = use.memory_kills.has_value();
  if (!said) {  // pid 1 itself was killed, with all that it held
    out.signal = SIGKILL;
  } else if (word.kind == Word::Kind::no_run) {
    out.setup_failed = true;
    out.unrunnable = word.stage == Word::Stage::execute;
    out.message = explain(word, live->plan, live->spec);
  } else if (WIFSIGNALED(word.status)) {
    out.signal = WTERMSIG(word.status);
  } else {
    out.code = WEXITSTATUS(word.status);
  }
  if (out.signal == SIGKILL && !word.killed && !live->was_asked_to_end && cgroups_.memory.empty())
    out.message = "killed, likely out of memory";
  live->exit = out;
  return out;
}

Result<> SandboxRuntime::destroy(const std::string& id, const os::Path& scratch) {
  TRY(check_id(id));
  if (const auto at = live_.find(id); at != live_.end()) {
    TRY(end(at->second->init));
    live_.erase(at);
  } else {
    TRY(end_recorded(scratch));
  }
  TRY(os::remove_cgroup(cgroups_, id));
  return os::remove_tree(scratch);
}

Result<std::unique_ptr<Runtime>> make_sandbox_runtime() {
  return std::unique_ptr<Runtime>(TRY(SandboxRuntime::make()));
}

}  // namespace trainyard::agent
