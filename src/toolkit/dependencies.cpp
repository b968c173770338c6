#include "toolkit/dependencies.hpp"

#include "os/files.hpp"
#include "toolkit/base_directory.hpp"
#include "toolkit/child.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/layer.hpp"
#include "toolkit/packages.hpp"
#include "toolkit/uv.hpp"

#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr const char* requirements_file = "requirements.txt";
constexpr const char* own_packages = "/tmp/trainyard-packages";  // this job's alone

Result<> refuse_private_index(const Variables& variables) {
  if (!variables.has("CA_REPOSITORY_ARN")) return {};
  return refuse("CA_REPOSITORY_ARN asks for packages from AWS CodeArtifact, which Trainyard does "
                "not offer; unset it and name an index in requirements.txt (--index-url ...)");
}

// As the original: into the image's own Python, which is the container's to change.
Result<> install_here(const Installation& what, const std::vector<std::string>& asked,
                      const Variables& variables, SignalForwarding& signals,
                      std::string_view error_class) {
  Command pip{{what.python, "-m", "pip", "install"}, what.code, what.captured};
  pip.argv.insert(pip.argv.end(), asked.begin(), asked.end());
  return check_command(pip, variables, signals, error_class);
}

// Into a directory of this job, for what the agent cannot share.
Result<> install_beside(const Installation& what, std::vector<std::string> asked,
                        std::string requirements, Variables& variables, SignalForwarding& signals,
                        std::string_view error_class) {
  TRY(install_packages({std::move(asked), std::move(requirements), what.python, what.code,
                        own_packages, what.captured, error_class},
                       variables, signals));
  use_packages(own_packages, variables);
  return {};
}

Result<> install_layer(const Installation& what, const std::string& requirements,
                       Variables& variables, SignalForwarding& signals, const LogLines& log) {
  using Kind = wire::PackagesAnswer::Kind;
  const auto answer = ask_agent(requirements, variables);
  if (answer.kind == Kind::failed) {
    const PackageWish wish{{"-r", requirements_file}, requirements, what.python, "", "", false, ""};
    std::vector<std::string> command{what.python, "-m", "pip"};
    if (!choose_installer(wish, variables).uv.empty()) command = {"uv", "pip"};
    command.insert(command.end(), {"install", "-r", requirements_file});
    return command_failed(install_requirements_error, std::to_string(answer.exit_code), answer.text,
                          command);
  }
  if (answer.kind == Kind::ready) {
    log.info(answer.text);
    use_packages(answer.directory, variables);
    return {};
  }
  log.info("requirements.txt is installed for this job alone: " + answer.text);
  return install_beside(what, {"-r", requirements_file}, requirements, variables, signals,
                        install_requirements_error);
}

}  // namespace

Result<> install_dependencies(const Installation& what, Variables& variables,
                              SignalForwarding& signals, const LogLines& log) {
  const bool is_package = what.kind == EntryPointKind::python_package;
  const std::string file = join_path(what.code, requirements_file);
  const bool has_requirements = ::access(file.c_str(), F_OK) == 0;
  if (what.kind == EntryPointKind::command || (!is_package && !has_requirements)) return {};
  if (has_requirements) TRY(refuse_private_index(variables));
  log.info(is_package ? "Installing module." : "Installing dependencies from requirements.txt");
  std::vector<std::string> asked;
  if (is_package) asked.push_back(".");
  if (has_requirements) asked.insert(asked.end(), {"-r", requirements_file});
  const auto error_class = is_package ? install_module_error : install_requirements_error;
  if (!has_agent()) return install_here(what, asked, variables, signals, error_class);
  const std::string text = has_requirements ? TRY(os::read_file(file, 1u << 20)) : "";
  if (is_package) return install_beside(what, asked, text, variables, signals, error_class);
  return install_layer(what, text, variables, signals, log);
}

}  // namespace trainyard::toolkit
