#include "agent/packages.hpp"

#include "agent/ml_tree.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "os/plain_file.hpp"
#include "os/unix_socket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <optional>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr int request_wait_ms = 5000, accept_again_ms = 1000;
constexpr std::size_t tail_bytes = 64u << 10, layers_max = 64, installations_max = 8;
constexpr Millis unused_min{std::int64_t(30) * 24 * 3'600'000};
constexpr Millis aside_max{3'600'000};
const std::string aside_prefix = "tmp-";
constexpr const char* requirements_name = "requirements.txt";
constexpr const char* layer_inside = "/opt/trainyard/layer";

using Answer = wire::PackagesAnswer;

// Of a virtual environment in `root`: the prefix of the Python that it was made from; else the
// prefix itself.
os::Path base_of(const os::Path& root, const os::Path& prefix) {
  const std::string text = os::read_in_root(root, prefix / "pyvenv.cfg", 1u << 16).value_or("");
  constexpr std::string_view mark = "home = ";
  const auto at = text.find(mark);
  if (at == std::string::npos) return prefix;
  const auto begin = at + mark.size();
  return os::Path(text.substr(begin, text.find_first_of("\r\n", begin) - begin)).parent_path();
}

// Differs when a package comes into the environment or leaves it.
std::string state_of(const os::Path& own_root, const os::Path& python) {
  std::string out;
  const os::Path root = own_root.empty() ? "/" : own_root;
  const os::Path prefix = python.parent_path().parent_path();
  for (const os::Path& lib : {prefix / "lib", base_of(root, prefix) / "lib", os::Path("/usr/lib"),
                              os::Path("/usr/local/lib")}) {
    const auto found = os::open_in_root(root, lib, O_RDONLY | O_DIRECTORY);
    if (!found) continue;
    const auto names = os::list_directory(fmt::format("/proc/self/fd/{}", found->get()));
    for (const auto& name : names.value_or(std::vector<std::string>())) {
      if (!name.starts_with("python3")) continue;
      for (const char* packages : {"site-packages", "dist-packages"}) {
        struct stat st{};
        const os::Path directory = lib / name / packages;
        const auto at = os::open_in_root(root, directory, O_PATH | O_DIRECTORY);
        if (!at || ::fstat(at->get(), &st) != 0) continue;
        out += fmt::format("{} {}.{}\n", directory.string(), st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
      }
    }
  }
  return out;
}

// Of the job's own, which the container that installs has not. `known` is the settings'.
bool names_files(const std::vector<std::string>& variables, const std::string& known) {
  return std::any_of(variables.begin(), variables.end(), [&](const std::string& variable) {
    const std::string value = variable.substr(variable.find('=') + 1);
    return (value.starts_with('/') || value.starts_with("file:")) && value != known;
  });
}

std::string key_of(const wire::InstanceSpec& spec, const wire::PackagesRequest& request) {
  const auto& [name, python, mounts, root] = spec.Environment;
  std::string all = root + "\n" + python + "\n" + state_of(root.empty() ? "/" : root, python);
  for (const auto& variable : request.variables)
    all += fmt::format("{} {}\n", variable.size(), variable);
  return sha256_hex(all + "\n" + request.requirements).substr(0, 32);
}

// The directory's own time tells its last use.
bool use(const os::Path& layer) {
  return ::utimensat(AT_FDCWD, layer.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0;
}

std::optional<Time> last_use(const os::Path& layer) {
  struct stat st{};
  if (::lstat(layer.c_str(), &st) != 0) return {};
  return from_ms(std::int64_t(st.st_mtim.tv_sec) * 1000);
}

// Away from its name first: half a layer must not be found by that. What an agent that died left
// half removed goes too.
void remove_unused(const os::Path& root, Time now) {
  std::multimap<Time, std::string> by_use;
  for (const auto& name : os::list_directory(root).value_or(std::vector<std::string>())) {
    const auto used = last_use(root / name);
    if (!used) continue;
    const bool is_aside = name.starts_with(aside_prefix);
    if (is_aside && now - *used >= aside_max) (void)os::remove_tree(root / name);
    if (!is_aside) by_use.emplace(*used, name);
  }
  for (auto it = by_use.begin(); it != by_use.end() && by_use.size() > layers_max;
       it = by_use.erase(it)) {
    const os::Path layer = root / it->second, aside = root / (aside_prefix + random_hex(8));
    const auto used = last_use(layer);
    if (!used || now - *used < unused_min) return;
    if (std::rename(layer.c_str(), aside.c_str()) == 0) (void)os::remove_tree(aside);
  }
}

// Its name is to last, so what is in it must before: a power cut could leave it empty.
Result<> keep_layer(const os::Path& layer, const os::Path& as) {
  const os::Fd fd = TRY(os::open_file(layer, O_RDONLY | O_DIRECTORY));
  if (::syncfs(fd.get()) != 0) return fail_errno("keep the packages that were installed");
  if (std::rename(layer.c_str(), as.c_str()) == 0) return os::sync_directory(as.parent_path());
  if (errno == EEXIST || errno == ENOTEMPTY) return {};  // another job was first
  return fail_errno("keep the packages that were installed");
}

// The container's output pipe, opened anew: without making it non-blocking for the container too,
// and nothing but a pipe, for what the container handed over may be anything.
os::Fd reopen_pipe(const os::Fd& output) {
  struct stat st{};
  if (!output || ::fstat(output.get(), &st) != 0 || !S_ISFIFO(st.st_mode)) return os::Fd();
  const std::string path = fmt::format("/proc/self/fd/{}", output.get());
  return os::Fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace

SandboxSpec plan_installation(const wire::InstanceSpec& spec, const InstancePaths& paths,
                              const MachineFacts& facts, const wire::PackagesRequest& request) {
  SandboxSpec out = plan_container(spec, paths, facts);
  out.id = packages_id(spec.Id);
  out.scratch = paths.packages_scratch();
  out.door_port = 0;
  out.log.clear();  // raw.log is drained into by the job's own
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
  out->over_ = TRY(os::Event::make());
  out->listener_ = TRY(os::listen_for_messages(paths.packages_socket()));
  // Its directory is closed to all others: the container alone sees it.
  if (::chmod(paths.packages_socket().c_str(), 0666) != 0)
    return fail_errno("open " + paths.packages_socket().string() + " to the job");
  out->thread_ = std::thread([packages = out.get()] { packages->serve(); });
  return out;
}

Packages::~Packages() {
  if (!thread_.joinable()) return;
  over_.raise();
  thread_.join();
}

void Packages::serve() {
  for (;;) {
    std::array<pollfd, 2> fds{pollfd{over_.fd(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) return;
    const os::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client)
      answer_one(client);
    else  // out of descriptors, say: the one that waits is there all the time
      ::poll(fds.data(), 1, accept_again_ms);
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
  if (names_files(request.variables, spec_.Packages.FindLinks))
    return own("a variable of the job names a file");
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
  TRY(make_owned(paths_.packages(), spec_));
  TRY(make_owned(layer, spec_));
  TRY(os::write_file(paths_.packages() / requirements_name, request.requirements, 0644));
  Running running = TRY(runtime_->prepare(plan_installation(spec_, paths_, facts_, request)));
  TRY(runtime_->start(running));
  Exit exit;
  const std::string said = TRY(relay(running, output, exit));
  if (exit.setup_failed) return fail_internal(exit.message);
  const int code = exit.signal != 0 ? 128 + exit.signal : exit.code;
  if (code != 0) return Answer{Answer::Kind::failed, code, "", wire::errors_of_installer(said)};
  // Nothing of it lives, so nothing can change it any more; then it gets its name.
  TRY(runtime_->destroy(packages_id(spec_.Id), paths_.packages_scratch()));
  const os::Path root = spec_.Packages.Root;
  TRY(keep_layer(layer, root / key));
  remove_unused(root, clock_.now());
  return Answer{Answer::Kind::ready, 0, "",
                "requirements.txt is installed, for this job and later ones (layer " + key + ")"};
}

Result<std::string> Packages::relay(Running& running, const os::Fd& output, Exit& exit) {
  std::string tail;
  const int pipe = running.output.get();
  const auto take = [&](std::size_t most) -> Result<std::size_t> {
    std::array<char, 16384> piece;
    const auto room = std::span(piece).first(std::min(most, piece.size()));
    const std::size_t n = TRY(os::read_some(pipe, room, "an installer's output"));
    (void)pass_on(output, {piece.data(), n});
    tail.append(piece.data(), n);
    if (tail.size() > 2 * tail_bytes) tail.erase(0, tail.size() - tail_bytes);
    return n;
  };
  for (bool is_killed = false, has_ended = false;;) {
    std::array<pollfd, 3> fds{pollfd{is_killed ? -1 : over_.fd(), POLLIN, 0},
                              pollfd{has_ended ? -1 : pipe, POLLIN, 0},
                              pollfd{running.exited.get(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) {
      is_killed = true;
      TRY(runtime_->kill(running));
    }
    if (fds[2].revents != 0) break;
    if (fds[1].revents != 0) has_ended = TRY(take(SIZE_MAX)) == 0;
  }
  // What is in it by now and no more: somebody outside may have been handed its other end.
  int left = 0;
  ::ioctl(pipe, FIONREAD, &left);
  while (left > 0) {
    const std::size_t n = TRY(take(std::size_t(left)));
    if (n == 0) break;
    left -= int(n);
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
    std::array<pollfd, 2> fds{pollfd{over_.fd(), POLLIN, 0}, pollfd{output.get(), POLLOUT, 0}};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) return false;
  }
  return true;
}

}  // namespace trainyard::agent
