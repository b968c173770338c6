#pragma once
/// Packages beside an environment that cannot be written to: into a directory of their own, and
/// only those that the environment does not have already.

#include "base/result.hpp"
#include "toolkit/child.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::toolkit {

struct PackageWish {
  std::vector<std::string> what;  ///< as pip takes it: {"-r", "requirements.txt"}, {"."}
  std::string requirements;       ///< the text of that file, "" where there is none
  std::string python;             ///< the interpreter that is to find them
  std::string directory;          ///< where pip runs
  std::string target;             ///< where they go
  bool captured = false;          ///< as Command::captured
  std::string_view error_class;
};

/// By uv where that comes to the same (uv.hpp), and says which. Asks pip what is missing, then
/// installs just that, without what it depends on: all of it was named. A pip before 22.2, which
/// cannot say, installs everything into the target.
Result<> install_packages(const PackageWish& wish, Variables variables, SignalForwarding& signals);

/// `variables` with the directory's modules before the environment's own, and its programs before
/// all others.
void use_packages(const std::string& directory, Variables& variables);

/// The options that stand in a file of requirements, but those that name other files. Pure.
std::string requirement_options(std::string_view requirements);

/// From pip's report of an installation
/// (https://pip.pypa.io/en/stable/reference/installation-report/) to a requirements.txt of what it
/// would install, each by version and hash, with the options of `requirements`. "" when there is
/// nothing to install. Pure.
Result<std::string> missing_packages(std::string_view report, std::string_view requirements);

/// `trainyard-train packages REQUIREMENTS TARGET PYTHON`: install_packages() for an agent; pip's
/// exit code.
int run_packages(const std::string& requirements, const std::string& target,
                 const std::string& python, const Variables& variables);

}  // namespace trainyard::toolkit
