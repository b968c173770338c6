#include "agent/packages.hpp"

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "os/unix_socket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr int request_wait_ms = 5000;
constexpr std::size_t tail_bytes = 64u << 10, layers_max = 64, installations_max = 8;
constexpr std::size_t error_bytes_max = 2000;
constexpr Millis unused_min{std::int64_t(30) * 24 * 3'600'000};
constexpr const char* requirements_name = "requirements.txt";
constexpr const char* layer_inside = "/opt/trainyard/layer";

using Answer = wire::PackagesAnswer;

// Differs when a package comes into the environment or leaves it.
std::string state_of(const os::Path& python) {
  std::string out;
  const os::Path prefix = python.parent_path().parent_path();
  for (const os::Path& lib : {prefix / "lib", os::Path("/usr/lib"), os::Path("/usr/local/lib")}) {
    for (const auto& name : os::list_directory(lib).value_or(std::vector<std::string>())) {
      if (!name.starts_with("python3")) continue;
      for (const char* packages : {"site-packages", "dist-packages"}) {
        struct stat st{};
        const os::Path directory = lib / name / packages;
        if (::stat(directory.c_str(), &st) != 0) continue;
        out += fmt::format("{} {}.{}\n", directory.string(), st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
      }
    }
  }
  return out;
}

std::string key_of(const wire::InstanceSpec& spec, const wire::PackagesRequest& request) {
  std::string all = spec.Environment.Python + "\n" + state_of(spec.Environment.Python);
  for (const auto& variable : request.variables)
    all += fmt::format("{} {}\n", variable.size(), variable);
  return sha256_hex(all + "\n" + request.requirements).substr(0, 32);
}

// The directory's own time tells its last use.
bool use(const os::Path& layer) {
  return ::utimensat(AT_FDCWD, layer.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0;
}

void remove_unused(const os::Path& root, Time now) {
  std::multimap<Time, os::Path> by_use;
  for (const auto& name : os::list_directory(root).value_or(std::vector<std::string>())) {
    struct stat st{};
    if (::lstat((root / name).c_str(), &st) == 0)
      by_use.emplace(from_ms(std::int64_t(st.st_mtim.tv_sec) * 1000), root / name);
  }
  for (auto it = by_use.begin(); it != by_use.end() && by_use.size() > layers_max;
       it = by_use.erase(it)) {
    if (now - it->first < unused_min) return;
    (void)os::remove_tree(it->second);
  }
}

// The container's output pipe, opened anew: without making it non-blocking for the container too,
// and nothing but a pipe, for what the container handed over may be anything.
os::Fd reopen_pipe(const os::Fd& output) {
  struct stat st{};
  if (!output || ::fstat(output.get(), &st) != 0 || !S_ISFIFO(st.st_mode)) return os::Fd();
  const std::string path = fmt::format("/proc/self/fd/{}", output.get());
  return os::Fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

Result<> make_for_job(const os::Path& path, const wire::InstanceSpec& spec) {
  TRY(os::make_directories(path, 0755));
  if (::geteuid() == 0 && ::chown(path.c_str(), uid_t(spec.HostUid), gid_t(spec.HostGid)) != 0)
    return fail_errno("give " + path.string() + " to the job's user");
  return {};
}

}  // namespace

std::string errors_of_pip(std::string_view output) {
  while (output.ends_with('\n'))
    output.remove_suffix(1);
  const auto error = output.starts_with("ERROR: ") ? 0 : output.find("\nERROR: ");
  const auto from = error == output.npos ? output.rfind('\n') + 1 : error + (error > 0);
  return std::string(cut_utf8(output.substr(from), error_bytes_max));
}

SandboxSpec plan_installation(const wire::InstanceSpec& spec, const InstancePaths& paths,
                              const MachineFacts& facts, const wire::PackagesRequest& request) {
  SandboxSpec out = plan_container(spec, paths, facts);
  out.id = packages_id(spec.Id);
  out.scratch = paths.packages_scratch();
  out.door_port = 0;
  const std::string toolkit = "/opt/trainyard/bin/train";
  out.argv = {toolkit, "packages", requirements_name, layer_inside, spec.Environment.Python};
  out.working_directory = "/opt/trainyard";
  out.mounts.clear();
  for (const auto& directory : spec.Environment.Mounts)
    out.mounts.push_back({Mount::Kind::bind, directory, directory, true, true, 0});
  out.mounts.push_back({Mount::Kind::bind, facts.toolkit, toolkit, true, false, 0});
  out.mounts.push_back({Mount::Kind::bind, paths.packages() / requirements_name,
                        os::Path("/opt/trainyard") / requirements_name, true, false, 0});
  out.mounts.push_back(
      {Mount::Kind::bind, paths.packages() / "layer", layer_inside, false, false, 0});
  const std::string& links = spec.Packages.FindLinks;
  if (links.starts_with('/'))
    out.mounts.push_back({Mount::Kind::bind, links, links, true, false, 0});
  const std::string python_bin = os::Path(spec.Environment.Python).parent_path().string();
  out.environment = {"PATH=" + python_bin + ":/usr/local/bin:/usr/bin:/bin", "HOME=/root",
                     "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "PYTHONUNBUFFERED=1"};
  out.environment.insert(out.environment.end(), request.variables.begin(), request.variables.end());
  return out;
}

Result<std::unique_ptr<Packages>> Packages::open(const wire::InstanceSpec& spec,
                                                 const InstancePaths& paths,
                                                 const MachineFacts& facts,
                                                 MakeRuntime make_runtime, const Clock& clock) {
  std::unique_ptr<Packages> out(new Packages(spec, paths, facts, std::move(make_runtime), clock));
  out->over_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!out->over_) return fail_errno("make an event descriptor");
  out->listener_ = TRY(os::listen_for_messages(paths.packages_socket()));
  // Its directory is closed to all others: the container alone sees it.
  if (::chmod(paths.packages_socket().c_str(), 0666) != 0)
    return fail_errno("open " + paths.packages_socket().string() + " to the job");
  out->thread_ = std::thread([packages = out.get()] { packages->serve(); });
  return out;
}

Packages::~Packages() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(over_.get(), &one, sizeof one);
  thread_.join();
}

void Packages::serve() {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{over_.get(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) return;
    const os::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client) answer_one(client);
  }
}

void Packages::answer_one(const os::Fd& client) {
  const auto message = os::receive_message(client, request_wait_ms);
  if (!message) return;
  auto request = wire::decode_packages_request(message->text);
  request.variables = wire::variables_for_pip(request.requirements, request.variables);
  const auto reply = answer(request, reopen_pipe(message->descriptor));
  (void)os::send_message(client, wire::encode_packages(reply));
}

Answer Packages::answer(const wire::PackagesRequest& request, const os::Fd& output) {
  const auto own = [](std::string why) { return Answer{Answer::Kind::own, 0, "", std::move(why)}; };
  if (spec_.Packages.Root.empty() || !output) return own("this agent keeps no packages");
  if (installed_ >= installations_max) return own("this job has had enough installed for others");
  if (!wire::is_self_contained(request.requirements))
    return own("it names files of its own, which other jobs may have otherwise");
  const std::string key = key_of(spec_, request);
  const os::Path inside = os::Path(wire::packages_directory) / key;
  if (use(os::Path(spec_.Packages.Root) / key))
    return {Answer::Kind::ready, 0, inside.string(),
            "requirements.txt: what was installed for it before is used again (layer " + key + ")"};
  ++installed_;
  auto installed = install(request, key, output);
  if (runtime_) (void)runtime_->destroy(packages_id(spec_.Id), paths_.packages_scratch());
  (void)os::remove_tree(paths_.packages());
  if (!installed) {
    log::error("packages could not be installed", {{"error", installed.error().message}});
    return own(installed.error().message);
  }
  if (installed->kind == Answer::Kind::ready) installed->directory = inside.string();
  return *installed;
}

Result<Answer> Packages::install(const wire::PackagesRequest& request, const std::string& key,
                                 const os::Fd& output) {
  if (!runtime_) runtime_ = TRY(make_runtime_());
  (void)os::remove_tree(paths_.packages());
  const os::Path layer = paths_.packages() / "layer";
  TRY(make_for_job(paths_.packages(), spec_));
  TRY(make_for_job(layer, spec_));
  TRY(os::write_file(paths_.packages() / requirements_name, request.requirements, 0644));
  Running running = TRY(runtime_->prepare(plan_installation(spec_, paths_, facts_, request)));
  TRY(runtime_->start(running));
  Exit exit;
  const std::string said = TRY(relay(running, output, exit));
  if (exit.setup_failed) return fail_internal(exit.message);
  const int code = exit.signal != 0 ? 128 + exit.signal : exit.code;
  if (code != 0) return Answer{Answer::Kind::failed, code, "", errors_of_pip(said)};
  // Nothing of it lives, so nothing can change it any more; then it gets its name.
  TRY(runtime_->destroy(packages_id(spec_.Id), paths_.packages_scratch()));
  const os::Path root = spec_.Packages.Root;
  if (std::rename(layer.c_str(), (root / key).c_str()) != 0 && errno != EEXIST &&
      errno != ENOTEMPTY)
    return fail_errno("keep the packages that were installed");
  remove_unused(root, clock_.now());
  return Answer{Answer::Kind::ready, 0, "",
                "requirements.txt is installed, for this job and later ones (layer " + key + ")"};
}

Result<std::string> Packages::relay(Running& running, const os::Fd& output, Exit& exit) {
  std::string tail;
  bool is_killed = false;
  std::array<char, 16384> piece;
  for (bool has_output = true, is_over = false; !is_over || has_output;) {
    std::array<pollfd, 3> fds{pollfd{is_killed ? -1 : over_.get(), POLLIN, 0},
                              pollfd{has_output ? running.output.get() : -1, POLLIN, 0},
                              pollfd{is_over ? -1 : running.exited.get(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), is_over ? 0 : -1);
    if (fds[0].revents != 0) {
      is_killed = true;
      TRY(runtime_->kill(running));
    }
    if (fds[2].revents != 0) is_over = true;
    if (fds[1].revents == 0) {
      if (is_over) has_output = false;  // what is in it by then is all of it
      continue;
    }
    const std::size_t n = TRY(os::read_some(running.output.get(), piece, "pip's output"));
    if (n == 0) has_output = false;
    (void)pass_on(output, {piece.data(), n});
    tail.append(piece.data(), n);
    if (tail.size() > 2 * tail_bytes) tail.erase(0, tail.size() - tail_bytes);
  }
  exit = TRY(runtime_->wait(running));
  return tail;
}

bool Packages::pass_on(const os::Fd& output, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::write(output.get(), bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(std::size_t(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    std::array<pollfd, 2> fds{pollfd{over_.get(), POLLIN, 0}, pollfd{output.get(), POLLOUT, 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) return false;
  }
  return true;
}

}  // namespace trainyard::agent
