#include "toolkit/packages.hpp"

#include "os/files.hpp"
#include "toolkit/base_directory.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/json.hpp"
#include "toolkit/python_interpreter.hpp"
#include "toolkit/temporary_file.hpp"
#include "toolkit/uv.hpp"
#include "wire/packages/packages.hpp"

#include <cstdio>

namespace trainyard::toolkit {
namespace {

constexpr std::size_t report_bytes_max = 64u << 20;

std::string text_at(const Json& value, std::initializer_list<const char*> path) {
  const Json* at = &value;
  for (const char* name : path)
    if (!(at = at->find(name))) return "";
  return at->is_text() ? at->characters() : "";
}

// One line of a file of requirements; `hash` is "" where pip has none to tell.
struct Pin {
  std::string line, hash;
};
Pin pin_of(const Json& item) {
  const std::string name = text_at(item, {"metadata", "name"});
  const std::string url = text_at(item, {"download_info", "url"});
  const std::string commit = text_at(item, {"download_info", "vcs_info", "commit_id"});
  const std::string hash = text_at(item, {"download_info", "archive_info", "hashes", "sha256"});
  if (!commit.empty())
    return {name + " @ " + text_at(item, {"download_info", "vcs_info", "vcs"}) + "+" + url + "@" +
                commit,
            ""};
  if (item.get("download_info").find("dir_info")) {
    constexpr std::string_view scheme = "file://";
    return {url.starts_with(scheme) ? url.substr(scheme.size()) : url, ""};
  }
  const bool is_direct = item.get("is_direct").is_truthy();
  return {is_direct ? name + " @ " + url : name + "==" + text_at(item, {"metadata", "version"}),
          hash};
}

Result<CommandEnd> run_pip(std::vector<std::string> arguments, const PackageWish& wish,
                           const Variables& variables, SignalForwarding& signals) {
  Command pip{TRY(pip_command(wish.python, variables)), wish.directory, wish.captured};
  pip.argv.insert(pip.argv.end(), arguments.begin(), arguments.end());
  return run_command(pip, variables, signals, wish.error_class);
}

Result<> check(const CommandEnd& end, const PackageWish& wish) {
  if (end.status == 0) return {};
  std::vector<std::string> asked{wish.python, "-m", "pip", "install"};
  asked.insert(asked.end(), wish.what.begin(), wish.what.end());
  return command_failed(wish.error_class, std::to_string(end.status), end.errors, asked);
}

}  // namespace

std::string requirement_options(std::string_view requirements) {
  std::string out;
  for (const auto& line : wire::requirement_lines(requirements)) {
    const bool names_files = line.starts_with("-r") || line.starts_with("-c") ||
                             line.starts_with("-e") || line.starts_with("--requirement") ||
                             line.starts_with("--constraint") || line.starts_with("--editable") ||
                             line.starts_with("--require-hashes");
    if (line.starts_with('-') && !names_files) out += line + "\n";
  }
  return out;
}

Result<std::string> missing_packages(std::string_view report, std::string_view requirements) {
  const Json root = TRY(parse_json(report));
  std::vector<Pin> pins;
  bool all_hashed = true;
  const Json items = root.get("install");
  for (const Json& item : items.items()) {
    pins.push_back(pin_of(item));
    all_hashed = all_hashed && !pins.back().hash.empty();
  }
  if (pins.empty()) return std::string();
  std::string out = requirement_options(requirements);
  for (const auto& pin : pins)
    out += pin.line + (all_hashed ? " --hash=sha256:" + pin.hash : "") + "\n";
  return out;
}

Result<> install_packages(const PackageWish& wish, Variables variables, SignalForwarding& signals) {
  const Installer installer = choose_installer(wish, variables);
  std::printf("%s\n", installer.sentence().c_str());
  std::fflush(stdout);
  if (!installer.uv.empty()) return install_by_uv(installer, wish, std::move(variables), signals);
  variables.set("PIP_DISABLE_PIP_VERSION_CHECK", "1");
  variables.set("PIP_ROOT_USER_ACTION", "ignore");
  variables.set("PIP_NO_INPUT", "1");
  std::vector<std::string> install{"install", "--target", wish.target, "--no-warn-script-location"};
  if (!pip_can_report(wish.python, variables)) {
    install.insert(install.end(), wish.what.begin(), wish.what.end());
    return check(TRY(run_pip(install, wish, variables, signals)), wish);
  }
  const TemporaryFile report = TRY(TemporaryFile::make("pip"));
  std::vector<std::string> ask{"install", "--dry-run", "--report", report.path};
  ask.insert(ask.end(), wish.what.begin(), wish.what.end());
  const auto asked = TRY(run_pip(ask, wish, variables, signals));
  TRY(check(asked, wish));
  const std::string missing =
      TRY(missing_packages(TRY(os::read_file(report.path, report_bytes_max)), wish.requirements));
  if (missing.empty()) return {};
  const TemporaryFile pins = TRY(TemporaryFile::make("pip"));
  TRY(os::write_file(pins.path, missing));
  install.insert(install.end(), {"--no-deps", "-r", pins.path});
  return check(TRY(run_pip(install, wish, variables, signals)), wish);
}

void use_packages(const std::string& directory, Variables& variables) {
  const auto put_first = [&](const char* name, const std::string& path) {
    const std::string before = variables.get_or(name, "");
    variables.set(name, before.empty() ? path : path + ":" + before);
  };
  put_first("PYTHONPATH", directory);
  put_first("PATH", join_path(directory, "bin"));
}

int run_packages(const std::string& requirements, const std::string& target,
                 const std::string& python, const Variables& variables) {
  const auto text = os::read_file(requirements, 1u << 20);
  if (!text) return 1;
  SignalForwarding signals;
  const PackageWish wish{{"-r", requirements},      *text, python, "", target, false,
                         install_requirements_error};
  const auto installed = install_packages(wish, variables, signals);
  if (installed) return 0;
  if (installed.error().code != install_requirements_error)
    std::printf("ERROR: %s\n", installed.error().message.c_str());
  return 1;
}

}  // namespace trainyard::toolkit
