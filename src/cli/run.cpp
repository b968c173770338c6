#include "cli/client_environment.hpp"
#include "cli/commands.hpp"
#include "cli/connection.hpp"
#include "cli/print.hpp"
#include "cli/session.hpp"
#include "os/process.hpp"
#include "wire/instance/handover.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace trainyard::cli {
namespace {

constexpr const char* metadata_path = "/opt/ml/metadata/resource-metadata.json";

// The caller's own Python environment: an active one, or the one its interpreter lives in.
os::Path own_environment(const std::vector<std::string>& command) {
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const char* prefix = std::getenv(name); prefix && *prefix) return prefix;
  const os::Path program(command.front());
  if (!program.has_parent_path()) return {};
  const os::Path prefix = program.parent_path().parent_path();
  std::error_code ec;
  return std::filesystem::exists(prefix / "pyvenv.cfg", ec) ? prefix : os::Path();
}

struct TemporaryDirectory {
  os::Path path;
  ~TemporaryDirectory() { (void)os::remove_tree(path); }
};

// A copy of the caller's AWS configuration that lets short ids pass.
Result<os::Path> unchecked_config(const os::Path& directory) {
  const char* own = std::getenv("AWS_CONFIG_FILE");
  const std::string named = own && *own ? own : "~/.aws/config";
  const os::Path theirs = named.starts_with("~/") ? home() / named.substr(2) : os::Path(named);
  os::Path copy = directory / "aws-config";
  TRY(os::write_file(copy, without_parameter_validation(os::read_file(theirs).value_or(""))));
  return copy;
}

Result<std::vector<std::string>> child_environment(const std::map<std::string, std::string>& ours) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const std::string name(text.substr(0, text.find('=')));
    // A profile would win over the keys below.
    if (ours.contains(name) || name == "AWS_PROFILE" || name == "AWS_DEFAULT_PROFILE") continue;
    out.emplace_back(text);
  }
  for (const auto& [name, value] : ours)
    out.push_back(name + "=" + value);
  return out;
}

// In the child: its own mounts, then the command. Only returns on failure.
Error become(const std::vector<std::string>& command, const std::vector<std::string>& environment,
             const std::string& metadata) {
  if (const auto shown = show_file(metadata_path, metadata); !shown) return shown.error();
  std::vector<char*> argv, envp;
  for (const auto& a : command)
    argv.push_back(const_cast<char*>(a.c_str()));
  for (const auto& e : environment)
    envp.push_back(const_cast<char*>(e.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  ::execvpe(argv[0], argv.data(), envp.data());
  return fail_errno("run " + command.front()).value();
}

}  // namespace

Result<int> run_client(const Common& common, const std::vector<std::string>& command) {
  if (command.front().ends_with(".py"))
    return fail(ErrorKind::invalid, "Usage", python_advice(command));
  Connection service = TRY(Connection::open(common.data));
  bool short_ids = false;
  if (service.is_local()) {  // one elsewhere sees no directory of ours: the key at hand is used
    const auto session = open_session(common, own_environment(command));
    if (!session && session.error().kind == ErrorKind::unavailable)
      return no_service(service.credentials().Endpoint, common.data);
    if (!session) return Failure(session.error());
    service.use(*session);
    short_ids = session->ShortIds;
  }
  const auto& credentials = service.credentials();
  char name[] = "/tmp/trainyard-run-XXXXXX";
  if (!::mkdtemp(name)) return fail_errno("make a temporary directory");
  const TemporaryDirectory directory{name};
  const os::Path config = directory.path / "sagemaker.yaml";
  TRY(os::write_file(config, sdk_config(credentials)));
  auto variables = client_variables(credentials, service.token(), config.string());
  if (short_ids) variables["AWS_CONFIG_FILE"] = TRY(unchecked_config(directory.path)).string();
  const auto environment = TRY(child_environment(variables));
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("start " + command.front());
  if (child == 0) {
    const Error error = become(command, environment, notebook_metadata(credentials));
    std::fprintf(stderr, "trainyard: %s\n", error.message.c_str());
    ::_exit(127);
  }
  // Ctrl-C goes to the whole group: the command decides, we wait for it.
  ::signal(SIGINT, SIG_IGN);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace trainyard::cli
