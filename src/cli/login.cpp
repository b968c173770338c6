#include "cli/client_environment.hpp"
#include "cli/commands.hpp"
#include "cli/connection.hpp"
#include "cli/meet.hpp"
#include "cli/print.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <sys/stat.h>

namespace trainyard::cli {
namespace {

constexpr const char* profile = "trainyard";

// "[profile  trainyard]  # mine" -> "profile trainyard": what AWS's own reader takes for the name
// of a section; "" for any other line.
std::string heading_of(std::string_view line) {
  const auto begin = line.find_first_not_of(" \t");
  const auto end = line.rfind(']');
  if (begin == line.npos || line[begin] != '[' || end == line.npos || end < begin) return "";
  std::string out;
  bool gap = false;
  for (const char c : line.substr(begin + 1, end - begin - 1)) {
    const bool is_space = c == ' ' || c == '\t';
    if (is_space || c == '"') {
      gap = gap || is_space;
      continue;
    }
    if (gap && !out.empty()) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

// A link that somebody keeps the file behind stays one: the file is replaced where it lies.
Result<os::Path> behind_links(os::Path path) {
  std::error_code ec;
  for (int links = 0; std::filesystem::is_symlink(path, ec); ++links) {
    if (links > 40) return fail_internal("write " + path.string() + ": its links lead in a circle");
    path = path.parent_path() / std::filesystem::read_symlink(path, ec);
  }
  return path;
}

// Puts `section` into an INI file: its old text under the same heading goes, the rest stays as it
// is.
Result<> put_section(const os::Path& named, const std::string& heading, const std::string& body) {
  const os::Path path = TRY(behind_links(named));
  auto old = os::read_file(path, 1u << 20);
  if (!old && old.error().kind != ErrorKind::not_found) return Failure(old.error());
  std::string out;
  bool ours = false;
  std::string_view rest = old ? std::string_view(*old) : std::string_view();
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (const auto found = heading_of(line); !found.empty()) ours = found == heading;
    if (!ours) (out += line) += '\n';
  }
  out += "[" + heading + "]\n" + body;
  TRY(os::make_directories(path.parent_path()));
  struct stat st{};
  const unsigned mode = ::stat(path.c_str(), &st) == 0 ? st.st_mode & 0777 : 0600;
  return os::write_durably(path, out, mode);
}

// The key that is written is one that lasts: a session's ends within a day.
Result<wire::CredentialsFile> lasting_credentials(const Common& common, const Connection& service) {
  const auto& at_hand = service.credentials();
  if (service.token().empty()) return at_hand;
  auto first = stored_credentials(common.data);
  if (first && first->Endpoint == at_hand.Endpoint) return first;
  return fail(ErrorKind::denied, "SessionKey",
              "the key at hand is a session's (AWS_SESSION_TOKEN) and ends within a day; login "
              "writes one for good: call it outside of `trainyard run`, as the user whose service "
              "it is");
}

Result<bool> put_sdk_config(const os::Path& path, const wire::CredentialsFile& c) {
  std::error_code ec;
  if (std::filesystem::exists(path, ec)) return false;
  TRY(os::make_directories(path.parent_path()));
  TRY(os::write_durably(path, sdk_config(c)));
  return true;
}

}  // namespace

namespace {

// Where `trainyard` finds the service, and every AWS client: a profile, and the SDK's settings.
Result<int> keep(const Common& common, const wire::CredentialsFile& c) {
  TRY(put_section(home() / ".aws/credentials", profile,
                  fmt::format("aws_access_key_id = {}\naws_secret_access_key = {}\n", c.AccessKeyId,
                              c.SecretAccessKey)));
  TRY(put_section(home() / ".aws/config", std::string("profile ") + profile,
                  fmt::format("region = {}\nendpoint_url = {}\n{}", c.Region, c.Endpoint,
                              c.CaBundle.empty() ? "" : "ca_bundle = " + c.CaBundle + "\n")));
  const os::Path config = config_home() / "sagemaker/config.yaml";
  const bool written = TRY(put_sdk_config(config, c));
  if (common.json) {
    std::printf("{\"Profile\":%s,\"SdkConfig\":%s,\"SdkConfigWritten\":%s}\n",
                wire::quote_json(profile).c_str(), wire::quote_json(config.string()).c_str(),
                written ? "true" : "false");
    return ok;
  }
  std::printf("profile '%s' is in ~/.aws; use it: export AWS_PROFILE=%s\n", profile, profile);
  if (!c.CaBundle.empty())
    std::printf("it trusts %s; what reads no profile needs: export AWS_CA_BUNDLE=%s\n",
                c.CaBundle.c_str(), shell_word(c.CaBundle).c_str());
  if (written)
    std::printf("the SageMaker SDK's settings are in %s\n", config.c_str());
  else
    std::printf("%s exists and was left as it is; add to it:\n%s", config.c_str(),
                sdk_config(c).c_str());
  std::printf(
      "not covered: sagemaker.get_execution_role() asks AWS's own STS host whatever the endpoint "
      "is. Give the role by hand, or start the script with: trainyard run -- python launch.py\n");
  return ok;
}

}  // namespace

Result<int> log_in(const Common& common, const Login& login) {
  const bool has_more = !login.fingerprint.empty() || !login.key_id.empty() ||
                        !login.secret_file.empty() || !login.region.empty();
  if (login.url.empty() && has_more)
    return fail(ErrorKind::invalid, "Usage",
                "--fingerprint, --key-id, --secret-file and --region are for a service elsewhere: "
                "trainyard login https://HOST:8430 ...");
  if (!login.url.empty()) {
    const auto c = TRY(meet(login));
    TRY(os::make_directories(login_file().parent_path()));
    TRY(os::write_durably(login_file(), wire::encode(c)));
    return keep(common, c);
  }
  std::error_code ec;
  std::filesystem::remove(login_file(), ec);  // the commands mean this machine's again
  const Connection service = TRY(Connection::open(common.data));
  return keep(common, TRY(lasting_credentials(common, service)));
}

}  // namespace trainyard::cli
