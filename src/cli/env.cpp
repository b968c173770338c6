#include "cli/client_environment.hpp"
#include "cli/commands.hpp"
#include "cli/connection.hpp"
#include "cli/print.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace trainyard::cli {
namespace {

// The SDK's settings for whoever takes the environment over. Their place is not of the moment, as
// under `run`; what they say is told by their name, so that services do not disturb each other.
Result<std::string> keep_sdk_config(const wire::CredentialsFile& c) {
  if (::geteuid() == 0 && std::getenv("SUDO_UID"))
    return fail(ErrorKind::denied, "Sudo", "root's file is not for the user behind sudo");
  const os::Path path =
      config_home() / "trainyard" / fmt::format("sagemaker-{}-{}.yaml", c.Region, c.Account);
  const std::string text = sdk_config(c);
  if (os::read_file(path, 1u << 16) == text) return path.string();
  TRY(os::make_directories(path.parent_path()));
  TRY(os::write_durably(path, text, 0644));
  return path.string();
}

void print_json(const std::map<std::string, std::string>& variables) {
  std::string out = "{";
  for (const auto& [name, value] : variables)
    out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", wire::quote_json(name),
                       wire::quote_json(value));
  std::printf("%s}\n", out.c_str());
}

}  // namespace

Result<int> print_environment(const Common& common) {
  const Connection service = TRY(Connection::open(common.data));
  const auto config = keep_sdk_config(service.credentials());
  if (!config)
    std::fprintf(stderr,
                 "trainyard: the SageMaker SDK's telemetry stays on (%s); `trainyard login` "
                 "switches it off for good\n",
                 config.error().message.c_str());
  const auto variables =
      client_variables(service.credentials(), service.token(), config ? *config : "");
  if (common.json) return print_json(variables), ok;
  // Either would win over the key below, or spoil it.
  std::printf("unset AWS_PROFILE AWS_DEFAULT_PROFILE%s\n",
              service.token().empty() ? " AWS_SESSION_TOKEN" : "");
  for (const auto& [name, value] : variables)
    std::printf("export %s=%s\n", name.c_str(), shell_word(value).c_str());
  return ok;
}

}  // namespace trainyard::cli
