#include "service/api/iam/get_role.hpp"

#include "base/arn.hpp"
#include "base/encoding.hpp"
#include "wire/pattern.hpp"

#include <fmt/format.h>

// POST /  Action=GetRole&Version=2010-05-08&RoleName=TrainyardRole
// <GetRoleResponse><GetRoleResult><Role><Path/><RoleName/>...</Role></GetRoleResult></GetRoleResponse>

namespace trainyard::api {
namespace {

constexpr const char* role_name_pattern = R"([\w+=,.@-]{1,64})";
constexpr std::string_view trust_policy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]})";

}  // namespace

Result<std::string> get_role(Services& services, store::Snapshot&, const Call& call) {
  const std::string name(call.form.get("RoleName"));
  if (!wire::matches(role_name_pattern, name))
    return fail(ErrorKind::invalid, "ValidationError",
                "The specified value for roleName is invalid. It must contain only alphanumeric "
                "characters and/or the following: +=,.@_-");
  if (services.settings.strict && name != execution_role)
    return fail(ErrorKind::not_found, "NoSuchEntity",
                fmt::format("The role with name {} cannot be found.", name));
  return fmt::format(
      "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role>"
      "<Path>/</Path><RoleName>{0}</RoleName><RoleId>AROATRAINYARD</RoleId><Arn>{1}</Arn>"
      "<CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>{2}"
      "</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration></Role></"
      "GetRoleResult>"
      "<ResponseMetadata><RequestId>{3}</RequestId></ResponseMetadata></GetRoleResponse>",
      name, role_arn(call.caller.account, name), percent_encode(trust_policy, false),
      call.request_id);
}

}  // namespace trainyard::api
