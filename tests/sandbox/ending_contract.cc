/// The agent's death, destroy() by anybody at any time, and that nothing is left.

#include "box.hpp"
#include "os/namespaces.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::agent::contract {
namespace {

// What a process holds and what this machine shows of a container.
struct Traces {
  std::string mounts;
  std::set<std::string> descriptors;
  bool operator==(const Traces&) const = default;
};

Traces traces() {
  Traces out;
  out.mounts = os::read_file("/proc/self/mountinfo").value_or("");
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    out.descriptors.insert(entry.path().filename().string());
  return out;
}

std::vector<os::Path> groups_of(const Box& box) {
  const os::CgroupHost host = os::find_cgroups();
  std::vector<os::Path> out;
  for (const auto* base : {&host.memory, &host.cpu, &host.pids})
    if (!base->empty() && std::filesystem::exists(*base / box.spec.id))
      out.push_back(*base / box.spec.id);
  return out;
}

bool has_children() {
  return ::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD;
}

// The numbers from 1, a line each, as seq prints them, cut at `size`.
std::string numbers(std::size_t size) {
  std::string out;
  for (std::size_t n = 1; out.size() < size; ++n)
    out += std::to_string(n) + "\n";
  out.resize(size);
  return out;
}

struct Death {
  os::Child agent;
  pid_t init = -1;
};

// An agent that carries output to the log at full speed. Returns once `bytes` are there.
Death agent_at_work(Box& box, off_t bytes) {
  os::Pipe told = std::move(*os::make_pipe());
  Death out;
  out.agent = fork_agent([&] {
    box.prepare();
    box.start();
    const os::Fd log = std::move(*os::open_file(box.spec.log, O_WRONLY));
    bool has_told = false;
    for (off_t done = 0;;) {
      const ssize_t n = ::splice(box.running.output.get(), nullptr, log.get(), nullptr, 1 << 20, 0);
      if (n <= 0) ::_exit(2);
      done += n;
      if (done >= bytes && !std::exchange(has_told, true))
        (void)!::write(told.write.get(), &box.running.init, sizeof(pid_t));
    }
  });
  told.write.reset();
  REQUIRE(is_readable(told.read.get(), patience_ms));
  REQUIRE(::read(told.read.get(), &out.init, sizeof out.init) == ssize_t(sizeof out.init));
  return out;
}

os::Child opened(pid_t pid) {
  auto ticks = os::start_ticks(pid);
  REQUIRE(ticks);
  auto out = os::open_process(pid, *ticks);
  REQUIRE(out);
  return std::move(*out);
}

void kill_agent(const Death& death) {
  REQUIRE(os::send_signal(death.agent, SIGKILL));
  const auto status = os::wait(death.agent);
  REQUIRE(status);
  CHECK(status->signal == SIGKILL);
}

}  // namespace

// SEMANTICS X24
TEST_CASE("when the agent is killed everything ends and no byte of output is lost") {
  Box box;
  const std::string mark = "99999." + std::to_string(::getpid());
  box.use_shell("setsid sleep " + mark + " & seq 1 1000000000");
  const Death death = agent_at_work(box, 4 << 20);
  const os::Child init = opened(death.init);
  CHECK_FALSE(processes_with(mark).empty());
  kill_agent(death);
  REQUIRE(is_readable(init.pidfd.get(), patience_ms));
  CHECK(processes_with(mark).empty());
  const std::string log = os::read_file(box.spec.log, 1u << 30).value_or("");
  CHECK(log.size() >= 4 << 20);
  CHECK(bool(log == numbers(log.size())));
}

// SEMANTICS X24
TEST_CASE("what the agent never read is in the log after its death") {
  Box box;
  os::Pipe told = std::move(*os::make_pipe());
  box.use_shell("echo first; seq 1 5000; echo last >&2; cat /dev/zero >/dev/null");
  const os::Child agent = fork_agent([&] {
    box.prepare();
    box.start();
    (void)!::write(told.write.get(), &box.running.init, sizeof(pid_t));
    (void)::pause();
  });
  pid_t pid = -1;
  REQUIRE(::read(told.read.get(), &pid, sizeof pid) == ssize_t(sizeof pid));
  const os::Child init = opened(pid);
  const auto is_done = [&] {  // the script's last program runs: all was written
    const auto all = processes_with("/dev/zero");
    for (const pid_t one : all)
      if (status_of(one, "Name") == "cat" && children_of(pid).size() == 1 &&
          status_of(one, "PPid") == std::to_string(children_of(pid)[0]))
        return true;
    return false;
  };
  while (!is_done())
    CHECK_FALSE(is_readable(init.pidfd.get(), 5));
  REQUIRE(os::send_signal(agent, SIGKILL));
  REQUIRE(os::wait(agent));
  REQUIRE(is_readable(init.pidfd.get(), patience_ms));
  const std::string rest = numbers(23893);
  CHECK(os::read_file(box.spec.log).value_or("") == "first\n" + rest + "last\n");
  CHECK(rest.ends_with("\n5000\n"));
}

// SEMANTICS X19
TEST_CASE("a job that handed its output to a process outside is over all the same") {
  Box box;
  const std::string name = "trainyard-contract-" + std::to_string(::getpid());
  const os::Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = socklen_t(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  box.use_python("import array, socket\n"
                 "out = socket.socket(socket.AF_UNIX)\n"
                 "out.connect('\\0" +
                 name +
                 "')\n"
                 "out.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', "
                 "[1]))])\n"
                 "out.recv(1)\n");
  box.prepare();
  box.start();
  const os::Fd peer(::accept(listener.get(), nullptr, nullptr));
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = rights;
  message.msg_controllen = sizeof rights;
  REQUIRE(::recvmsg(peer.get(), &message, 0) == 1);
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  const os::Fd stolen(fd);
  REQUIRE(os::write_all(stolen.get(), "written by another", "the pipe"));  // and never taken
  REQUIRE(os::write_all(peer.get(), "x", "the socket"));
  REQUIRE(is_readable(box.running.exited.get(), patience_ms));
  const auto exit = box.runtime->wait(box.running);
  REQUIRE(exit);
  CHECK(exit->code == 0);
}

// SEMANTICS X23
TEST_CASE("another process destroys what a killed agent left") {
  Box box;
  box.use_shell("seq 1 1000000000");
  const Death death = agent_at_work(box, 1);
  const os::Child init = opened(death.init);
  kill_agent(death);
  REQUIRE(box.runtime->destroy(box.spec.id, box.spec.scratch));
  CHECK(is_readable(init.pidfd.get(), 0));
  CHECK_FALSE(std::filesystem::exists(box.spec.scratch));
  CHECK(groups_of(box).empty());
  CHECK(box.run_shell("echo again").output == "again\n");
}

TEST_CASE("another process destroys what a living agent runs") {
  Box box;
  box.use_shell("while seq 1 1000; do sleep 0.01; done");  // it is given some seconds to end
  const Death death = agent_at_work(box, 1);
  const os::Child init = opened(death.init);
  REQUIRE(box.runtime->destroy(box.spec.id, box.spec.scratch));
  CHECK(is_readable(init.pidfd.get(), 0));
  CHECK_FALSE(std::filesystem::exists(box.spec.scratch));
  const auto status = os::wait(death.agent);  // its output ended
  REQUIRE(status);
  CHECK(status->code == 2);
}

TEST_CASE("containers end with the runtime that prepared them") {
  Box box;
  box.use_shell("cat /dev/zero > /dev/null");
  box.prepare();
  box.start();
  box.runtime.reset();
  CHECK(is_readable(box.running.exited.get(), patience_ms));
  CHECK(::waitpid(box.running.init, nullptr, 0) == box.running.init);  // nobody else would
  box.runtime = std::move(*SandboxRuntime::make());
}

TEST_CASE("destroy can be called again and of what never was") {
  Box box;
  CHECK(box.runtime->destroy(box.spec.id, box.spec.scratch));
  (void)box.run_shell("true");
  CHECK(box.runtime->destroy(box.spec.id, box.spec.scratch));
  CHECK(box.runtime->destroy(box.spec.id, box.spec.scratch));
  CHECK_FALSE(box.runtime->destroy("../x", box.spec.scratch));
}

TEST_CASE("destroy of a running container ends it") {
  Box box;
  box.use_shell("echo ready; cat /dev/zero > /dev/null");
  box.prepare();
  box.start();
  box.await_output("ready");
  REQUIRE(box.runtime->destroy(box.spec.id, box.spec.scratch));
  CHECK(is_readable(box.running.exited.get(), 0));
  CHECK_FALSE(std::filesystem::exists(box.spec.scratch));
}

TEST_CASE("a scratch of 20000 nested and closed directories is removed with few descriptors") {
  Box box;
  const os::Path source = box.directory("data", {{"a", "a"}});
  box.mount(Mount::Kind::overlay, source, "/data");
  const Ended ended =
      box.run_python("import os\n"
                     "os.chdir('/tmp')\n"
                     "for n in range(20000):\n"
                     "    os.mkdir('d'); os.chdir('d')\n"
                     "    if n % 1000 == 0: open('f', 'w').close()\n"
                     "os.chdir('/data')\n"
                     "for n in range(50):\n"
                     "    os.makedirs(f'{n}/x/y'); open(f'{n}/x/y/z', 'w').close()\n"
                     "    os.chmod(f'{n}/x/y', 0); os.chmod(f'{n}/x', 0)\n"
                     "    os.chmod(f'{n}', 0)\n"
                     "os.remove('a'); os.chmod('/data', 0)\n"
                     "os.chmod('/tmp', 0)\n"
                     "print('done')\n");
  REQUIRE(ended.output == "done\n");
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const rlimit few{64, usual.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const auto removed = box.runtime->destroy(box.spec.id, box.spec.scratch);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK_MESSAGE(removed, (removed ? "" : removed.error().message.substr(0, 500)));
  CHECK_FALSE(std::filesystem::exists(box.spec.scratch));
}

// SEMANTICS X23
TEST_CASE("no mounts and groups and descriptors and processes are left") {
  Box box;
  const os::Path source = box.directory("data", {{"a", "a"}});
  (void)box.run_shell("true");  // what is opened once and kept
  REQUIRE(box.runtime->destroy(box.spec.id, box.spec.scratch));
  box.running = {};
  const Traces before = traces();
  box.mount(Mount::Kind::overlay, source, "/data");
  box.spec.network = Network::none;
  box.spec.door_port = 8090;
  box.spec.limits = {1, 256u << 20, 100};
  for (const char* script : {"true", "kill -9 $$", "setsid cat /dev/zero & exit 1"}) {
    (void)box.run_shell(script);
    if (box.runtime->describe().limits_memory) CHECK(groups_of(box).size() == 3);
    REQUIRE(box.runtime->destroy(box.spec.id, box.spec.scratch));
    box.running = {};
  }
  box.mount(Mount::Kind::bind, source, "/data/a");  // a directory on a file: fails while built
  CHECK(box.refused().message.find("/data/a") != std::string::npos);
  CHECK(traces() == before);
  CHECK(groups_of(box).empty());
  CHECK_FALSE(has_children());
  CHECK_FALSE(std::filesystem::exists(box.spec.scratch));
}

}  // namespace trainyard::agent::contract
