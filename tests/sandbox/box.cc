#include "box.hpp"

#include "os/namespaces.hpp"

#include <cctype>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::agent::contract {
namespace {

id_t job_id(const char* variable, id_t own) {
  const char* text = std::getenv(variable);
  if (!is_root()) return own;
  REQUIRE_MESSAGE(text != nullptr,
                  "root's jobs are another user's: set TRAINYARD_JOB_UID and _GID");
  return id_t(std::strtoul(text, nullptr, 10));
}

void give(const SandboxSpec& spec, const os::Path& path) {
  if (is_root()) REQUIRE(::lchown(path.c_str(), spec.host_uid, spec.host_gid) == 0);
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc"))
    if (std::isdigit(static_cast<unsigned char>(entry.path().filename().string()[0])))
      out.push_back(pid_t(std::stol(entry.path().filename().string())));
  return out;
}

std::string text_of(pid_t pid, const char* name) {
  return os::read_file("/proc/" + std::to_string(pid) + "/" + name).value_or("");
}

}  // namespace

bool is_root() {
  return ::geteuid() == 0;
}

Box::Box() {
  spec.host_uid = job_id("TRAINYARD_JOB_UID", ::geteuid());
  spec.host_gid = job_id("TRAINYARD_JOB_GID", ::getegid());
  auto made = SandboxRuntime::make();
  REQUIRE(made);
  runtime = std::move(*made);
  std::string name = (std::filesystem::temp_directory_path() / "box-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);  // last: from here on the destructor cleans up
  place = name;
  spec.id = place.filename().string();
  spec.scratch = place / "scratch";
  spec.hostname = "algo-1";
  spec.log = place / "raw.log";
  spec.environment = {"PATH=/usr/bin:/bin"};
}

Box::~Box() {
  (void)runtime->destroy(spec.id, spec.scratch);
  (void)os::remove_tree(place);
}

os::Path Box::directory(const std::string& name,
                        const std::vector<std::pair<std::string, std::string>>& files) const {
  const os::Path out = place / name;
  REQUIRE(os::make_directories(out, 0755));
  give(spec, out);
  for (const auto& [file, text] : files) {
    REQUIRE(os::write_file(out / file, text, 0644));
    give(spec, out / file);
  }
  return out;
}

void Box::mount(Mount::Kind kind, const os::Path& source, const std::string& target,
                bool read_only) {
  Mount& out = spec.mounts.emplace_back();
  out.kind = kind;
  out.source = source;
  out.target = target;
  out.read_only = read_only;
}

void Box::use_shell(const std::string& script) {
  spec.argv = {"/bin/sh", "-c", script};
}

void Box::use_python(const std::string& script) {
  spec.argv = {"/usr/bin/python3", "-ISc", script};
}

void Box::prepare() {
  auto made = runtime->prepare(spec);
  REQUIRE_MESSAGE(made, made.error().message);
  running = std::move(*made);
}

void Box::start() {
  REQUIRE(runtime->start(running));
}

Error Box::refused() {
  auto made = runtime->prepare(spec);
  REQUIRE_FALSE(made);
  INFO(made.error().message);
  return made.error();
}

void Box::await_output(const std::string& mark) {
  char buffer[4096];
  while (read_.find(mark) == std::string::npos) {
    REQUIRE_MESSAGE(is_readable(running.output.get(), patience_ms), read_);
    const auto n = os::read_some(running.output.get(), buffer, "the output");
    REQUIRE(n);
    REQUIRE_MESSAGE(*n > 0, read_);
    read_.append(buffer, *n);
  }
}

Ended Box::finish() {
  std::vector<char> buffer(1 << 18);
  for (;;) {
    REQUIRE_MESSAGE(is_readable(running.output.get(), patience_ms), "the output never ended");
    const auto n = os::read_some(running.output.get(), buffer, "the output");
    REQUIRE(n);
    if (*n == 0) break;
    read_.append(buffer.data(), *n);
  }
  REQUIRE_MESSAGE(is_readable(running.exited.get(), patience_ms), "the container never ended");
  auto exit = runtime->wait(running);
  REQUIRE(exit);
  return {std::move(*exit), std::exchange(read_, "")};
}

Ended Box::run_shell(const std::string& script) {
  use_shell(script);
  prepare();
  start();
  return finish();
}

Ended Box::run_python(const std::string& script) {
  use_python(script);
  prepare();
  start();
  return finish();
}

bool is_readable(int fd, int timeout_ms) {
  pollfd one{fd, POLLIN, 0};
  int n = 0;
  do
    n = ::poll(&one, 1, timeout_ms);
  while (n < 0 && errno == EINTR);
  return n > 0;
}

std::vector<pid_t> processes_with(const std::string& mark) {
  std::vector<pid_t> out;
  for (const pid_t pid : all_processes())
    if (text_of(pid, "cmdline").find(mark) != std::string::npos) out.push_back(pid);
  return out;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> out;
  for (const pid_t one : all_processes())
    if (status_of(one, "PPid") == std::to_string(pid)) out.push_back(one);
  return out;
}

std::string status_of(pid_t pid, const std::string& key) {
  const std::string text = "\n" + text_of(pid, "status");
  const std::size_t at = text.find("\n" + key + ":");
  if (at == std::string::npos) return "";
  const std::size_t from = at + key.size() + 2;
  std::string out;
  for (const char c : text.substr(from, text.find('\n', from) - from)) {
    const bool is_blank = c == ' ' || c == '\t';
    if (!is_blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  while (!out.empty() && out.back() == ' ')
    out.pop_back();
  return out;
}

os::Child fork_agent(const std::function<void()>& body) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    body();
    ::_exit(0);
  }
  return {pid, os::Fd(int(::syscall(SYS_pidfd_open, pid, 0)))};
}

}  // namespace trainyard::agent::contract
