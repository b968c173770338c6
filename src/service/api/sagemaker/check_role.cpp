#include "service/api/sagemaker/check_role.hpp"

#include "base/arn.hpp"
#include "base/role.hpp"
#include "s3/location.hpp"
#include "service/identity/permission.hpp"

#include <fmt/format.h>

namespace trainyard::api {
namespace {

struct Checker {
  const Settings& settings;
  std::string_view role;

  /// What is no S3 URI is told of elsewhere.
  Result<> check(Access access, std::string_view member, std::string_view uri,
                 std::string_view below = "") const {
    const auto at = s3::parse_uri(uri);
    if (!at) return {};
    const std::string front = below.empty() || at->key.empty() || at->key.ends_with('/') ? "" : "/";
    const std::string key = below.empty() ? at->key : at->key + front + std::string(below);
    const auto why = role_denial(settings, role, access, at->bucket, key);
    if (why.empty()) return {};
    return fail(ErrorKind::invalid, "ValidationException",
                fmt::format("Invalid {} \"{}\": the role {} may not {} there: {}.", member, uri,
                            role, access == Access::write ? "write" : "read", why));
  }
};

// As the SDK sends it, in JSON, or as it is.
std::string_view without_quotes(std::string_view text) {
  if (text.size() > 1 && text.starts_with('"') && text.ends_with('"'))
    return text.substr(1, text.size() - 2);
  return text;
}

std::string as_directory(const std::string& uri) {
  return uri.ends_with('/') ? uri : uri + "/";
}

Result<> check_hyperparameters(const Checker& role, const wire::CreateTrainingJobRequest& r) {
  if (!r.HyperParameters) return {};
  for (const auto& [name, value] : *r.HyperParameters) {
    if (name == "sagemaker_submit_directory")
      TRY(role.check(Access::read, name, without_quotes(value)));
    if (name == "sagemaker_s3_output")
      TRY(role.check(Access::write, name, without_quotes(value), r.TrainingJobName + "/"));
  }
  return {};
}

}  // namespace

Result<> check_role(const wire::CreateTrainingJobRequest& r, const Call& call,
                    const Settings& settings) {
  const Checker role{settings, arn_name(r.RoleArn)};
  if (settings.roles.contains(call.caller.role) && role.role != call.caller.role)
    return identity::not_authorized(
        call.caller, "iam:PassRole", r.RoleArn,
        fmt::format("a job of a role that [roles.{}] narrows creates jobs of that role alone",
                    call.caller.role));
  if (!settings.roles.contains(std::string(role.role))) return {};
  if (r.InputDataConfig)
    for (const auto& channel : *r.InputDataConfig)
      if (const auto& s3 = channel.DataSource.S3DataSource)
        TRY(role.check(s3->S3DataType == "S3Prefix" ? Access::list : Access::read,
                       fmt::format("S3Uri of channel '{}'", channel.ChannelName), s3->S3Uri));
  const std::string own = r.TrainingJobName + "/";
  TRY(role.check(Access::write, "OutputDataConfig.S3OutputPath", r.OutputDataConfig.S3OutputPath,
                 own));
  if (r.TensorBoardOutputConfig)
    TRY(role.check(Access::write, "TensorBoardOutputConfig.S3OutputPath",
                   r.TensorBoardOutputConfig->S3OutputPath, own));
  if (r.CheckpointConfig)  // what is there is restored
    for (const auto access : {Access::write, Access::list})
      TRY(role.check(access, "CheckpointConfig.S3Uri", as_directory(r.CheckpointConfig->S3Uri)));
  return check_hyperparameters(role, r);
}

}  // namespace trainyard::api
