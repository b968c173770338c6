#include "base/settings.hpp"
#include "cli/commands.hpp"
#include "cli/connection.hpp"
#include "cli/print.hpp"
#include "cli/session.hpp"
#include "os/process.hpp"
#include "wire/packages/packages.hpp"
#include "wire/shapes/trainyard.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

extern char** environ;

namespace trainyard::cli {
namespace {

void say(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
}

Failure refuse(const std::string& name, const std::string& why) {
  return fail(ErrorKind::invalid, "Refused", "add the environment " + name + ": " + why);
}

// A directory that is half made goes with it.
struct HalfMade {
  os::Path path;
  bool is_kept = false;
  ~HalfMade() {
    if (!path.empty() && !is_kept) (void)os::remove_tree(path);
  }
};

std::string on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view left = path ? path : "";
  while (!left.empty()) {
    const auto directory = left.substr(0, left.find(':'));
    left.remove_prefix(std::min(left.size(), directory.size() + 1));
    const os::Path at = os::Path(directory) / program;
    if (at.is_absolute() && ::access(at.c_str(), X_OK) == 0) return at;
  }
  return "";
}

std::vector<std::string> own_variables() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry; ++entry)
    out.emplace_back(*entry);
  return out;
}

// Shows all that it says as it says it; what an answer in JSON needs of standard output is its own.
Result<> run_shown(const Common& common, const std::vector<std::string>& command,
                   const std::vector<std::string>& variables) {
  os::SpawnSpec spec;
  spec.program = command.front();
  spec.arguments = command;
  spec.environment = variables;
  spec.fds = {{STDIN_FILENO, STDIN_FILENO},
              {common.json ? STDERR_FILENO : STDOUT_FILENO, STDOUT_FILENO},
              {STDERR_FILENO, STDERR_FILENO}};
  std::fflush(stdout);
  const auto status = TRY(os::wait(TRY(os::spawn(spec))));
  if (status.signal == 0 && status.code == 0) return {};
  return fail(ErrorKind::invalid, "Refused",
              fmt::format("{} ended with {}; what it said is above", fmt::join(command, " "),
                          status.signal != 0 ? 128 + status.signal : status.code));
}

// uv where there is one, told what pip would listen to; else venv and pip.
Result<> install(const Common& common, const os::Path& directory, const std::string& requirements) {
  auto variables = own_variables();
  const std::string python = directory / "bin/python3", uv = on_path("uv");
  const auto for_uv = wire::settings_for_uv(variables);
  if (uv.empty() || !for_uv) {
    const std::string base = on_path("python3");
    if (base.empty())
      return fail(ErrorKind::not_found, "Refused",
                  "neither uv nor python3 is on PATH; install python3-venv, or uv");
    TRY(run_shown(common, {base, "-m", "venv", directory}, variables));
    return run_shown(common, {python, "-m", "pip", "install", "-r", requirements}, variables);
  }
  // Behind this user's own for uv, which win.
  variables.insert(variables.end(), for_uv->variables.begin(), for_uv->variables.end());
  TRY(run_shown(common, {uv, "venv", directory}, variables));
  // Copies: what uv's cache has may be for this user's eyes alone. Jobs cannot write bytecode.
  std::vector<std::string> command{uv,     "pip",         "install", "--python",
                                   python, "--link-mode", "copy",    "--compile-bytecode",
                                   "-r",   requirements};
  command.insert(command.end(), for_uv->options.begin(), for_uv->options.end());
  return run_shown(common, command, variables);
}

// Registers what is handed over.
Result<int> add(const Common& common, Connection& service, const os::Path& directory,
                const wire::AddEnvironmentRequest& request) {
  const auto session = open_session(common, directory, {1});
  if (!session && session.error().kind == ErrorKind::unavailable)
    return no_service(service.credentials().Endpoint, common.data);
  if (!session) return refuse(request.Name, session.error().message);
  service.use(*session);
  const auto answer =
      TRY(service.call("Trainyard.AddEnvironment", std::string_view(wire::encode(request))));
  if (common.json) return say(answer), ok;
  const auto added = TRY(wire::decode_answer<wire::EnvironmentSummary>(answer));
  say(fmt::format("{} is added: {}{}", added.Name,
                  added.Python.empty() ? added.Root + ", without Python"
                                       : fmt::format("Python {} ({}{})", added.PythonVersion,
                                                     added.Root, added.Python),
                  added.Frameworks.empty() ? "" : ", " + added.Frameworks));
  return ok;
}

Result<> check_free(Connection& service, const std::string& name) {
  const auto known = TRY(wire::decode_answer<wire::ListEnvironmentsResponse>(
      TRY(service.call("Trainyard.ListEnvironments", std::string_view("{}")))));
  for (const auto& environment : known.Environments)
    if (environment.Name == name)
      return refuse(name, "there is one of that name; remove it first (trainyard envs remove " +
                              name + "), or choose another name");
  return {};
}

Result<int> add_installed(const Common& common, Connection& service, const std::string& name,
                          const std::string& requirements) {
  if (::access(requirements.c_str(), R_OK) != 0)
    return refuse(name, requirements + " is no file that can be read");
  TRY(check_free(service, name));  // before minutes are spent
  const os::Path place = common.data / "environments";
  std::string directory = place / (name + ".XXXXXX");
  if (::access(place.c_str(), W_OK) != 0)
    return refuse(name, "you may not write into " + place.string() +
                            "; run this as the user who runs the service");
  if (!::mkdtemp(directory.data())) return fail_errno("make a directory in " + place.string());
  HalfMade made{directory};
  ::umask(022);  // jobs may be another user's
  if (::chmod(directory.c_str(), 0755) != 0) return fail_errno("open " + directory + " to jobs");
  ::signal(SIGINT, SIG_IGN);  // it ends what runs, and then this, without a rest
  if (const auto done = install(common, directory, requirements); !done)
    return refuse(name, done.error().message);
  auto added = add(common, service, directory, {name, "bin/python3", false});
  // Without an answer nobody knows: better a directory too many than an environment of nothing.
  made.is_kept = added || added.error().kind == ErrorKind::unavailable;
  if (!added && made.is_kept)
    return in_context(added.error(), "add the environment " + name + ", which is in " + directory +
                                         " (trainyard envs tells whether it was added)");
  return added;
}

}  // namespace

Result<int> add_environment(const Common& common, const NewEnvironment& wish) {
  if (!is_environment_name(wish.name))
    return fail(ErrorKind::invalid, "Usage",
                fmt::format("'{}' is no name for an environment: 1 to 64 letters, digits, '.', '_' "
                            "and '-', with a letter or digit first",
                            wish.name));
  Connection service = TRY(Connection::open(common.data));
  if (!service.is_local())
    return refuse(wish.name, "the service at " + service.credentials().Endpoint +
                                 " is not that of " + common.data.string() +
                                 "; run this on its machine, with --data");
  if (!wish.requirements.empty())
    return add_installed(common, service, wish.name, wish.requirements);
  std::error_code ec;
  const bool is_root = !wish.root.empty();
  const os::Path path =
      std::filesystem::absolute(is_root ? wish.root : wish.python, ec).lexically_normal();
  const os::Path given = path.has_filename() ? path : path.parent_path();
  if (is_root) return add(common, service, given, {wish.name, "", true});
  if (std::filesystem::is_directory(given, ec))
    return add(common, service, given, {wish.name, "bin/python3", false});
  const os::Path programs = given.parent_path();
  return add(common, service, programs.parent_path(),
             {wish.name, programs.filename() / given.filename(), false});
}

Result<int> remove_environment(const Common& common, const std::string& name) {
  Connection service = TRY(Connection::open(common.data));
  const auto answer =
      TRY(service.call("Trainyard.RemoveEnvironment",
                       std::string_view(wire::encode(wire::RemoveEnvironmentRequest{name}))));
  say(common.json ? answer : name + " is removed");
  return ok;
}

Result<int> list_environments(const Common& common) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer =
      TRY(service.call("Trainyard.ListEnvironments", std::string_view("{}")));
  if (common.json) return say(answer), ok;
  const auto list = TRY(wire::decode_answer<wire::ListEnvironmentsResponse>(answer));
  std::vector<std::vector<std::string>> rows{{"NAME", "PYTHON", "FRAMEWORKS", "INTERPRETER"}};
  for (const auto& e : list.Environments)
    rows.push_back({e.Name, e.PythonVersion.empty() ? "-" : e.PythonVersion,
                    e.Frameworks.empty() ? "-" : e.Frameworks, e.Root + e.Python});
  if (rows.size() == 1)
    say("no environment is known; install one (apt-get install python3-torch) or name one: "
        "trainyard envs add NAME --python VENV");
  else
    say(table(rows));
  return ok;
}

Result<int> explain_image(const Common& common, const std::string& image) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer = TRY(service.call(
      "Trainyard.ExplainImage", std::string_view(wire::encode(wire::ExplainImageRequest{image}))));
  const auto explained = TRY(wire::decode_answer<wire::ExplainImageResponse>(answer));
  say(common.json ? answer : explained.Sentence);
  return explained.Environment.empty() ? refused : ok;
}

}  // namespace trainyard::cli
