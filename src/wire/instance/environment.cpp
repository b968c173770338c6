#include "wire/instance/environment.hpp"

#include <algorithm>
#include <array>

namespace trainyard::wire {
namespace {

namespace fs = std::filesystem;

// Whether a job that sees all of `directory` sees more than an environment.
bool is_no_environment(const fs::path& directory, const fs::path& home) {
  static const std::array<const char*, 13> machines{"/boot", "/dev", "/etc",  "/home", "/media",
                                                    "/mnt",  "/opt", "/proc", "/root", "/run",
                                                    "/srv",  "/sys", "/tmp"};
  const std::string text = directory.string();
  return text == "/" || text == "/var" || directory.parent_path() == "/home" ||
         (home.string() + "/").starts_with(text + "/") ||
         std::find(machines.begin(), machines.end(), text) != machines.end();
}

Failure refuse(const std::string& what, const fs::path& directory, const std::string& cure) {
  return fail(ErrorKind::invalid, "ValidationException",
              "use the " + what + ": jobs would see all of " + directory.string() + "; " + cure);
}

}  // namespace

Result<> check_environment(const EnvironmentSpec& environment, const fs::path& real,
                           const fs::path& home) {
  if (!environment.Root.empty()) {
    if (real != environment.Root)
      return fail(ErrorKind::invalid, "ValidationException",
                  "use the root " + environment.Root + ": a symbolic link leads to " +
                      real.string() + "; remove the environment and add it again");
    if (is_no_environment(real, home))
      return refuse("root " + environment.Root, real,
                    "unpack the root into a directory of its own");
    return {};
  }
  for (const fs::path& python : {fs::path(environment.Python), real}) {
    const fs::path prefix = python.lexically_normal().parent_path().parent_path();
    const auto& mounts = environment.Mounts;
    if (std::find(mounts.begin(), mounts.end(), prefix.string()) != mounts.end() &&
        is_no_environment(prefix, home))
      return refuse("Python environment of " + python.string(), prefix,
                    "make a virtual environment (python3 -m venv) of another Python");
  }
  return {};
}

}  // namespace trainyard::wire
