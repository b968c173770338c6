#include "cli/client_environment.hpp"
#include "cli/commands.hpp"
#include "cli/connection.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace trainyard::cli {
namespace {

constexpr const char* profile = "trainyard";

// Puts `section` into an INI file: its old text under the same heading goes, the rest stays as it
// is.
Result<> put_section(const os::Path& path, const std::string& heading, const std::string& body) {
  auto old = os::read_file(path, 1u << 20);
  if (!old && old.error().kind != ErrorKind::not_found) return Failure(old.error());
  std::string out;
  bool ours = false;
  std::string_view rest = old ? std::string_view(*old) : std::string_view();
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with('[')) ours = line == "[" + heading + "]";
    if (!ours) (out += line) += '\n';
  }
  out += "[" + heading + "]\n" + body;
  TRY(os::make_directories(path.parent_path()));
  return os::write_durably(path, out);
}

os::Path home() {
  const char* value = std::getenv("HOME");
  return value && *value ? value : "/root";
}

}  // namespace

Result<int> log_in(const Common& common) {
  const Connection service = TRY(Connection::open(common.data));
  const auto& c = service.credentials();
  TRY(put_section(home() / ".aws/credentials", profile,
                  fmt::format("aws_access_key_id = {}\naws_secret_access_key = {}\n", c.AccessKeyId,
                              c.SecretAccessKey)));
  TRY(put_section(home() / ".aws/config", std::string("profile ") + profile,
                  fmt::format("region = {}\nendpoint_url = {}\n", c.Region, c.Endpoint)));
  const os::Path config = home() / ".config/sagemaker/config.yaml";
  std::error_code ec;
  const bool taken = std::filesystem::exists(config, ec);
  if (!taken) {
    TRY(os::make_directories(config.parent_path()));
    TRY(os::write_durably(config, sdk_config(c)));
  }
  if (common.json) {
    std::printf("{\"Profile\":%s,\"SdkConfig\":%s,\"SdkConfigWritten\":%s}\n",
                wire::quote_json(profile).c_str(), wire::quote_json(config.string()).c_str(),
                taken ? "false" : "true");
    return ok;
  }
  std::printf("profile '%s' is in ~/.aws; use it: export AWS_PROFILE=%s\n", profile, profile);
  if (taken)
    std::printf("~/.config/sagemaker/config.yaml exists and was left as it is; add to it:\n%s",
                sdk_config(c).c_str());
  else
    std::printf("the SageMaker SDK's settings are in ~/.config/sagemaker/config.yaml\n");
  std::printf(
      "not covered: sagemaker.get_execution_role() asks AWS's own STS host whatever the endpoint "
      "is. "
      "Give the role by hand, or start the script with: trainyard run -- python launch.py\n");
  return ok;
}

}  // namespace trainyard::cli
