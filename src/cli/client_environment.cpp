#include "cli/client_environment.hpp"

#include "base/arn.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace trainyard::cli {
namespace {

// A namespace of mounts; an ordinary user needs one of users around it, in which they stay who they
// are.
Result<> unshare_mounts() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const int flags = CLONE_NEWNS | (uid == 0 ? 0 : CLONE_NEWUSER);
  if (::unshare(flags) != 0)
    return fail_errno(
        "make a private mount namespace (trainyard doctor says what this machine allows)");
  if (uid != 0) {
    TRY(os::write_file("/proc/self/setgroups", "deny"));
    TRY(os::write_file("/proc/self/uid_map", fmt::format("{0} {0} 1", uid)));
    TRY(os::write_file("/proc/self/gid_map", fmt::format("{0} {0} 1", gid)));
  }
  // What is mounted outside later still shows here; nothing of ours shows outside.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return fail_errno("keep mounts private");
  return {};
}

struct Child {
  std::string name;
  os::Fd handle;  // O_PATH of what is there
  mode_t mode = 0;
  std::string link;  // its target, for a symbolic link
};

Result<std::vector<Child>> children_of(const os::Path& directory) {
  std::vector<Child> out;
  for (auto& name : TRY(os::list_directory(directory))) {
    const os::Path path = directory / name;
    Child child{std::move(name), {}, 0, ""};
    child.handle = TRY(os::open_file(path, O_PATH | O_NOFOLLOW));
    struct stat st{};
    if (::fstat(child.handle.get(), &st) != 0) return fail_errno("look at " + path.string());
    child.mode = st.st_mode;
    std::error_code ec;
    if (S_ISLNK(st.st_mode)) child.link = std::filesystem::read_symlink(path, ec);
    out.push_back(std::move(child));
  }
  return out;
}

Result<> bring_back(const os::Path& directory, const Child& child) {
  const os::Path at = directory / child.name;
  if (S_ISLNK(child.mode)) {
    if (::symlink(child.link.c_str(), at.c_str()) != 0)
      return fail_errno("bring back " + at.string());
    return {};
  }
  if (S_ISDIR(child.mode))
    TRY(os::make_directories(at, 0755));
  else
    TRY(os::write_file(at, ""));
  const std::string source = fmt::format("/proc/self/fd/{}", child.handle.get());
  if (::mount(source.c_str(), at.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return fail_errno("bring back " + at.string());
  return {};
}

}  // namespace

os::Path home() {
  const char* value = std::getenv("HOME");
  return value && *value ? value : "/root";
}

os::Path config_home() {
  const char* value = std::getenv("XDG_CONFIG_HOME");
  return value && *value ? os::Path(value) : home() / ".config";
}

std::map<std::string, std::string> client_variables(const wire::CredentialsFile& c,
                                                    const std::string& session_token,
                                                    const std::string& sdk_config) {
  std::map<std::string, std::string> out{
      {"AWS_ENDPOINT_URL", c.Endpoint},
      {"AWS_ACCESS_KEY_ID", c.AccessKeyId},
      {"AWS_SECRET_ACCESS_KEY", c.SecretAccessKey},
      {"AWS_REGION", c.Region},
      {"AWS_DEFAULT_REGION", c.Region},
      {"AWS_EC2_METADATA_DISABLED", "true"},
      {"SAGEMAKER_SUPPRESS_V2_WARNING", "1"},
  };
  if (!session_token.empty()) out["AWS_SESSION_TOKEN"] = session_token;
  if (!c.CaBundle.empty()) out["AWS_CA_BUNDLE"] = c.CaBundle;
  if (!sdk_config.empty()) out["SAGEMAKER_USER_CONFIG_OVERRIDE"] = sdk_config;
  return out;
}

std::string sdk_config(const wire::CredentialsFile& c) {
  return fmt::format("SchemaVersion: '1.0'\n"
                     "SageMaker:\n"
                     "  PythonSDK:\n"
                     "    Modules:\n"
                     "      TelemetryOptOut: true\n"
                     "      Session:\n"
                     "        DefaultS3Bucket: sagemaker-{}-{}\n"
                     "  TrainingJob:\n"
                     "    RoleArn: '{}'\n",
                     c.Region, c.Account, role_arn(c.Account, execution_role));
}

std::string without_parameter_validation(std::string_view aws_config) {
  constexpr std::string_view header = "[default]", key = "parameter_validation";
  std::string out;
  bool in_default = false, is_said = false;
  for (std::size_t at = 0; at < aws_config.size();) {
    const auto end = std::min(aws_config.find('\n', at), aws_config.size());
    const std::string_view line = aws_config.substr(at, end - at);
    at = end + 1;
    if (line.starts_with('[')) in_default = line.starts_with(header);
    if (in_default && line.starts_with(key)) continue;
    out += std::string(line) + "\n";
    if (line.starts_with('[') && in_default && !std::exchange(is_said, true))
      out += std::string(key) + " = false\n";
  }
  if (!is_said) out += fmt::format("{}\n{} = false\n", header, key);
  return out;
}

std::string notebook_metadata(const wire::CredentialsFile& c) {
  return fmt::format("{{\"ResourceArn\":\"arn:aws:sagemaker:{}:{}:notebook-instance/trainyard\","
                     "\"ResourceName\":\"trainyard\",\"ExecutionRoleArn\":\"{}\"}}\n",
                     c.Region, c.Account, role_arn(c.Account, execution_role));
}

Result<> show_file(const os::Path& path, std::string_view text) {
  TRY(unshare_mounts());
  // The nearest directory that exists is replaced by a small one in memory that holds all it held.
  os::Path base = path.parent_path();
  std::error_code ec;
  while (!std::filesystem::is_directory(base, ec))
    base = base.parent_path();
  const auto children = TRY(children_of(base));
  if (::mount("tmpfs", base.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m") != 0)
    return fail_errno("mount over " + base.string());
  for (const auto& child : children)
    if (base / child.name != path) TRY(bring_back(base, child));
  TRY(os::make_directories(path.parent_path(), 0755));
  return os::write_file(path, text, 0644);
}

}  // namespace trainyard::cli
