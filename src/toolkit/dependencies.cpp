#include "toolkit/dependencies.hpp"

#include "toolkit/base_directory.hpp"
#include "toolkit/child.hpp"
#include "toolkit/failure.hpp"

#include <unistd.h>

namespace trainyard::toolkit {
namespace {

Result<> refuse_private_index(const Variables& variables) {
  if (!variables.has("CA_REPOSITORY_ARN")) return {};
  return refuse("CA_REPOSITORY_ARN asks for packages from AWS CodeArtifact, which Trainyard does "
                "not offer; unset it and name an index in requirements.txt (--index-url ...)");
}

}  // namespace

Result<> install_dependencies(const Installation& what, const Variables& variables,
                              SignalForwarding& signals, const LogLines& log) {
  const bool is_package = what.kind == EntryPointKind::python_package;
  const bool has_requirements =
      ::access(join_path(what.code, "requirements.txt").c_str(), F_OK) == 0;
  if (what.kind == EntryPointKind::command || (!is_package && !has_requirements)) return {};
  if (has_requirements) TRY(refuse_private_index(variables));

  Command pip{{what.python, "-m", "pip", "install"}, what.code, what.captured};
  if (is_package) pip.argv.push_back(".");
  if (has_requirements) pip.argv.insert(pip.argv.end(), {"-r", "requirements.txt"});
  log.info(is_package ? "Installing module." : "Installing dependencies from requirements.txt");
  return check_command(pip, variables, signals,
                       is_package ? install_module_error : install_requirements_error);
}

}  // namespace trainyard::toolkit
