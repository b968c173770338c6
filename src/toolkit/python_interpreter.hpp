#pragma once
/// The Python that runs pip, packages and scripts. Looked for, never started, to answer questions.

#include "base/result.hpp"
#include "toolkit/variables.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trainyard::toolkit {

/// TRAINYARD_PYTHON, else python3 or python on PATH.
Result<std::string> find_python(const Variables& variables);

/// How pip is run for that Python: its own, else the one of /usr/bin/python3 on its behalf. An
/// error (the user's) where neither has one.
Result<std::vector<std::string>> pip_command(const std::string& python, const Variables& variables);

/// Whether all packages of that Python lie in its own prefix's site-packages: not for the system's,
/// nor for a virtual environment that sees the system's.
bool has_all_packages_below(const std::string& python);

/// Whether that pip (22.2 or newer) can say what it would install.
bool pip_can_report(const std::string& python, const Variables& variables);

/// What torch.__version__ would say, read from torch/version.py in the places where that Python
/// looks for packages. Nothing where there is none: importing torch would take seconds.
std::optional<std::string> torch_version(const std::string& python, const Variables& variables);

}  // namespace trainyard::toolkit
