#include "service/fleet/local.hpp"

#include "base/log.hpp"
#include "wire/instance/lock.hpp"
#include "wire/instance/report_log.hpp"
#include "wire/json.hpp"

#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace trainyard::fleet {
namespace {

constexpr const char* spec_name = "spec.json";
constexpr int wait_ms_max = 10'000;
constexpr const char* loader_path = "LD_LIBRARY_PATH";
constexpr int began_fd = 3;  // the agent's, until its directory is its own

// The living agent's process, if there is one. The pid may have been used again since the lock was
// looked at, so that is done once more behind pidfd_open: while it is held the pid is the agent's.
Result<std::optional<os::Child>> find_agent(const os::Path& directory) {
  const os::Path lock = directory / wire::lock_name;
  const auto pid = TRY(os::FileLock::holder(lock));
  if (!pid) return std::optional<os::Child>();
  os::Child child{*pid, os::Fd(int(::syscall(SYS_pidfd_open, *pid, 0)))};
  if (!child.pidfd && errno != ESRCH) return fail_errno("watch the agent of " + directory.string());
  if (!child.pidfd || TRY(os::FileLock::holder(lock)) != pid) return std::optional<os::Child>();
  return std::optional<os::Child>(std::move(child));
}

void wait_for(int fd) {
  pollfd waited{fd, POLLIN, 0};
  while (::poll(&waited, 1, wait_ms_max) < 0 && errno == EINTR) {
  }
}

}  // namespace

LocalFleet::LocalFleet(os::Path program, os::Path instances, net::Server& server)
    : program_(std::move(program)), instances_(std::move(instances)), server_(server) {}

LocalFleet::~LocalFleet() {
  const std::lock_guard lock(mutex_);
  agents_.clear();  // stops watching; the agents live on
}

void LocalFleet::on_gone(std::function<void(std::string id)> callback) {
  gone_ = std::move(callback);
}

Result<> LocalFleet::launch(const wire::InstanceSpec& spec) {
  const os::Path dir = directory(spec.Id);
  if (TRY(adopt(spec.Id))) return {};
  if (TRY(has_told(spec.Id))) {
    if (gone_) gone_(spec.Id);
    return {};
  }
  // A dead agent that had told nothing had begun nothing of the user's: another may, on new ground.
  if (::access((dir / wire::lock_name).c_str(), F_OK) == 0) TRY(remove(spec.Id));
  TRY(os::make_directories(dir));
  TRY(os::write_file(dir / spec_name, wire::encode(spec)));
  os::SpawnSpec agent;
  agent.program = program_;
  agent.arguments = {"trainyard", "agent", "--spec", (dir / spec_name).string(),
                     std::to_string(began_fd)};
  agent.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  // Where the service found the driver's library its agents do, too.
  if (const char* path = std::getenv(loader_path))
    agent.environment.push_back(std::string(loader_path) + "=" + path);
  agent.directory = "/";
  agent.new_session = true;
  const os::Fd log = TRY(os::open_file(dir / "agent.log", O_WRONLY | O_CREAT | O_APPEND));
  os::Pipe began = TRY(os::make_pipe());
  agent.fds = {{log.get(), 2}, {began.write.get(), began_fd}};
  TRY(watch_agent(spec.Id, TRY(os::spawn(agent)), true));
  began.write.reset();
  // A launch that is done must be seen to be: one without a lock would be taken for a lost agent.
  wait_for(began.read.get());
  return {};
}

Result<> LocalFleet::watch_agent(const std::string& id, os::Child process, bool is_child) {
  const std::lock_guard lock(mutex_);
  auto watch = server_.watch(process.pidfd.get(), [this, id] { ended(id); });
  if (!watch && is_child) {  // nobody would hear of its end
    (void)os::send_signal(process, SIGKILL);
    (void)os::wait(process);
  }
  if (!watch) return Failure(watch.error());
  agents_[id] = {std::move(process), is_child, std::move(*watch)};
  return {};
}

void LocalFleet::ended(const std::string& id) {
  Agent over;
  {
    const std::lock_guard lock(mutex_);
    const auto it = agents_.find(id);
    if (it == agents_.end()) return;
    over = std::move(it->second);
    agents_.erase(it);
  }
  if (over.is_child) (void)os::try_wait(over.process);
  // Its place may be another's: one that an earlier service started a moment before it was killed.
  if (const auto other = adopt(id); other && *other) return;
  if (gone_) gone_(id);
}

Result<std::vector<std::string>> LocalFleet::list() {
  auto names = os::list_directory(instances_);
  if (!names && names.error().kind == ErrorKind::not_found) return std::vector<std::string>();
  return names;
}

Result<bool> LocalFleet::adopt(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (agents_.contains(id)) return true;
  }
  auto found = TRY(find_agent(directory(id)));
  if (!found) return false;
  TRY(watch_agent(id, std::move(*found), false));
  return true;
}

Result<std::vector<wire::Report>> LocalFleet::reports(const std::string& id) {
  if (TRY(os::FileLock::is_held(directory(id) / wire::lock_name)))
    return fail(ErrorKind::conflict, "InternalFailure", "the agent of " + id + " lives");
  const auto text = os::read_file(directory(id) / wire::report_file);
  if (!text && text.error().kind == ErrorKind::not_found) return std::vector<wire::Report>();
  if (!text) return Failure(text.error());
  return TRY(wire::parse_reports(*text)).reports;
}

Result<> LocalFleet::end_agent(const std::string& id) {
  const auto found = TRY(find_agent(directory(id)));
  if (!found) return {};
  TRY(os::send_signal(*found, SIGKILL));
  wait_for(found->pidfd.get());
  return {};
}

// The reaper is the agent program again: it knows its runtime's traces, the service does not.
Result<> LocalFleet::remove(const std::string& id) {
  const os::Path dir = directory(id);
  if (::access(dir.c_str(), F_OK) != 0) return {};
  TRY(end_agent(id));
  os::SpawnSpec reaper;
  reaper.program = program_;
  reaper.arguments = {"trainyard", "agent", "--reap", dir.string()};
  reaper.directory = "/";
  const auto log = os::open_file(dir / "agent.log", O_WRONLY | O_CREAT | O_APPEND);
  if (log) reaper.fds = {{log->get(), 2}};  // why it fails, if it does
  const os::Child child = TRY(os::spawn(reaper));
  const auto status = TRY(os::wait(child));
  if (status.code == 0 && status.signal == 0) return {};
  return fail(ErrorKind::unavailable, "InternalFailure",
              "remove what instance " + id +
                  " left: the reaper failed (its agent.log says why); it is tried again");
}

}  // namespace trainyard::fleet
