#include "toolkit/python_interpreter.hpp"

#include "os/files.hpp"
#include "toolkit/failure.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

namespace trainyard::toolkit {
namespace {

std::string parent(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "." : path.substr(0, slash);
}

// PREFIX/lib/python3.11/{site,dist}-packages and Debian's PREFIX/lib/python3/dist-packages.
void add_package_directories(const std::string& prefix, std::vector<std::string>& out) {
  for (const std::string& lib : {prefix + "/lib", prefix + "/local/lib"}) {
    const auto names = os::list_directory(lib);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (!name.starts_with("python3")) continue;
      out.push_back(lib + "/" + name + "/site-packages");
      out.push_back(lib + "/" + name + "/dist-packages");
    }
  }
}

// The value of `key = value` in pyvenv.cfg, or "".
std::string setting(const std::string& text, std::string_view key) {
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    const std::string_view line = std::string_view(text).substr(from, end - from);
    const std::size_t equals = line.find('=');
    if (equals != line.npos && line.starts_with(key)) {
      std::string_view value = line.substr(equals + 1);
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      return std::string(value);
    }
    from = end + 1;
  }
  return "";
}

std::vector<std::string> package_directories(const std::string& python,
                                             const Variables& variables) {
  std::vector<std::string> out;
  std::string path = variables.get_or("PYTHONPATH", "");
  for (std::size_t from = 0; from < path.size();) {
    const std::size_t colon = std::min(path.find(':', from), path.size());
    out.push_back(path.substr(from, colon - from));
    from = colon + 1;
  }
  const std::string prefix = parent(parent(python));
  add_package_directories(prefix, out);
  if (const auto venv = os::read_file(prefix + "/pyvenv.cfg", 1 << 16);
      venv && setting(*venv, "include-system-site-packages") == "true")
    add_package_directories(parent(setting(*venv, "home")), out);
  return out;
}

const std::string system_python = "/usr/bin/python3";

// As pip/__init__.py says it; "" where there is none.
std::string pip_version(const std::string& python, const Variables& variables) {
  for (const std::string& directory : package_directories(python, variables)) {
    const auto text = os::read_file(directory + "/pip/__init__.py", 1 << 16);
    if (!text) continue;
    const std::string quoted = setting(*text, "__version__");  // "23.0.1"
    const std::size_t end = quoted.empty() ? quoted.npos : quoted.find(quoted[0], 1);
    if (end != quoted.npos) return quoted.substr(1, end - 1);
  }
  return "";
}

}  // namespace

Result<std::string> find_python(const Variables& variables) {
  if (const auto given = variables.get("TRAINYARD_PYTHON"); given && !given->empty()) {
    if (const auto found = variables.find_program(*given)) return *found;
    return refuse("TRAINYARD_PYTHON names " + *given +
                  ", which is no program here; name a Python interpreter of this image");
  }
  for (const char* name : {"python3", "python"})
    if (const auto found = variables.find_program(name)) return *found;
  return refuse("This image has no python3 or python on PATH to run the training script with; "
                "install one, or use an entry point that ends in .sh");
}

Result<std::vector<std::string>> pip_command(const std::string& python,
                                             const Variables& variables) {
  if (!pip_version(python, variables).empty()) return std::vector<std::string>{python, "-m", "pip"};
  if (!pip_version(system_python, variables).empty())
    return std::vector<std::string>{system_python, "-m", "pip", "--python", python};
  return refuse("requirements.txt cannot be installed: neither " + python + " nor " +
                system_python + " has pip; install python3-pip, or pip into that environment");
}

bool has_all_packages_below(const std::string& python) {
  const std::string prefix = parent(parent(python));
  const auto venv = os::read_file(prefix + "/pyvenv.cfg", 1 << 16);
  if (venv) return setting(*venv, "include-system-site-packages") != "true";
  return prefix != "/usr" && !prefix.empty();
}

bool pip_can_report(const std::string& python, const Variables& variables) {
  std::string version = pip_version(python, variables);
  if (version.empty()) version = pip_version(system_python, variables);
  int major = 0, minor = 0;
  const char* end = version.data() + version.size();
  const auto first = std::from_chars(version.data(), end, major);
  if (first.ptr < end) std::from_chars(first.ptr + 1, end, minor);
  return std::pair(major, minor) >= std::pair(22, 2);
}

std::optional<std::string> torch_version(const std::string& python, const Variables& variables) {
  for (const std::string& directory : package_directories(python, variables)) {
    const auto text = os::read_file(directory + "/torch/version.py", 1 << 16);
    if (!text) continue;
    const std::string quoted = setting(*text, "__version__");  // '1.13.1+cu117'
    if (quoted.size() < 3) continue;
    const std::size_t end = quoted.find(quoted[0], 1);
    if (end != quoted.npos) return quoted.substr(1, end - 1);
  }
  return std::nullopt;
}

}  // namespace trainyard::toolkit
