#include "toolkit/uv.hpp"

#include "os/files.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/python_interpreter.hpp"
#include "toolkit/temporary_file.hpp"
#include "wire/packages/packages.hpp"

#include <unistd.h>

namespace trainyard::toolkit {
namespace {

// Pip reads more than its variables, and uv has no ear for that.
bool has_pip_settings(const std::string& python, const std::string& etc) {
  const os::Path prefix = os::Path(python).parent_path().parent_path();
  return ::access((prefix / "pip.conf").c_str(), F_OK) == 0 ||
         ::access((etc + "/pip.conf").c_str(), F_OK) == 0;
}

std::string why_pip(const PackageWish& wish, bool has_settings, const std::string& etc) {
  if (wish.what.size() != 2 || wish.what[0] != "-r")
    return "what is installed is no requirements.txt";
  if (auto unlike = wire::unlike_uv(wish.requirements); !unlike.empty()) return unlike;
  if (!has_settings) return "a PIP_ variable that uv has no like for";
  if (has_pip_settings(wish.python, etc)) return "a pip.conf";
  if (!has_all_packages_below(wish.python))
    return "packages of the system's that " + wish.python + " has";
  return "";
}

Result<> check(const CommandEnd& end, const PackageWish& wish) {
  if (end.status == 0) return {};
  std::vector<std::string> asked{"uv", "pip", "install"};
  asked.insert(asked.end(), wish.what.begin(), wish.what.end());
  return command_failed(wish.error_class, std::to_string(end.status),
                        wire::errors_of_installer(end.output), asked);
}

}  // namespace

std::string Installer::sentence() const {
  if (!uv.empty()) return "Packages are installed by uv (" + uv + ").";
  return why_pip.empty() ? "Packages are installed by pip."
                         : "Packages are installed by pip and not by uv, for " + why_pip + ".";
}

Installer choose_installer(const PackageWish& wish, const Variables& variables,
                           const std::string& etc) {
  const auto uv = variables.find_program("uv");
  if (!uv) return {};
  auto told = wire::settings_for_uv(variables.entries());
  if (auto why = why_pip(wish, told.has_value(), etc); !why.empty())
    return {"", {}, std::move(why)};
  return {*uv, std::move(*told), ""};
}

std::string missing_by_uv(std::string_view said, std::string_view requirements) {
  constexpr std::string_view mark = " + ", from = " (from ";
  std::string pins;
  for (std::size_t at = 0; at < said.size();) {
    const auto end = std::min(said.find('\n', at), said.size());
    std::string_view line = said.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(mark)) continue;
    line.remove_prefix(mark.size());
    const auto source = line.find(from);  // "name==1.0 (from https://...)"
    if (source == line.npos)
      pins += std::string(line) + "\n";
    else
      pins +=
          std::string(line.substr(0, line.find_first_of("= "))) + " @ " +
          std::string(line.substr(source + from.size(), line.rfind(')') - source - from.size())) +
          "\n";
  }
  return pins.empty() ? "" : requirement_options(requirements) + pins;
}

Result<> install_by_uv(const Installer& installer, const PackageWish& wish, Variables variables,
                       SignalForwarding& signals) {
  for (const auto& variable : installer.settings.variables) {
    const auto equals = variable.find('=');
    variables.set(variable.substr(0, equals), variable.substr(equals + 1));
  }
  for (const char* name : {"UV_NO_CONFIG", "UV_NO_PROGRESS"})
    variables.set(name, "1");
  // As Debian's pip: it trusts whom the machine trusts. Older ones have another name for that.
  if (::access("/etc/ssl/certs", F_OK) == 0)
    for (const char* name : {"UV_SYSTEM_CERTS", "UV_NATIVE_TLS"})
      variables.set(name, "1");
  variables.set("UV_PYTHON_DOWNLOADS", "never");
  variables.set("UV_LINK_MODE", "copy");  // its cache and the target are on other mounts
  const auto run = [&](const std::vector<std::string>& words, const std::string& file) {
    Command uv{{installer.uv, "pip", "install", "--python", wish.python}, wish.directory, false};
    for (const auto* more : {&words, &installer.settings.options})
      uv.argv.insert(uv.argv.end(), more->begin(), more->end());
    uv.argv.insert(uv.argv.end(), {"-r", file});
    uv.keeps_output = true;
    return run_command(uv, variables, signals, wish.error_class);
  };
  // A system's Python may not be changed; nothing is.
  const auto asked = TRY(run({"--dry-run", "--break-system-packages"}, wish.what[1]));
  TRY(check(asked, wish));
  const std::string missing = missing_by_uv(asked.output, wish.requirements);
  if (missing.empty()) return {};
  const TemporaryFile pins = TRY(TemporaryFile::make("uv"));
  TRY(os::write_file(pins.path, missing));
  return check(TRY(run({"--target", wish.target, "--no-deps", "--compile-bytecode"}, pins.path)),
               wish);
}

}  // namespace trainyard::toolkit
