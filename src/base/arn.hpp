#pragma once
/// ARNs of what this service has.

#include <string>
#include <string_view>

namespace trainyard {

/// "arn:aws:sagemaker:REGION:ACCOUNT:training-job/NAME"
inline std::string training_job_arn(std::string_view region, std::string_view account,
                                    std::string_view name) {
  return "arn:aws:sagemaker:" + std::string(region) + ":" + std::string(account) +
         ":training-job/" + std::string(name);
}

/// "arn:aws:iam::ACCOUNT:role/NAME"
inline std::string role_arn(std::string_view account, std::string_view name) {
  return "arn:aws:iam::" + std::string(account) + ":role/" + std::string(name);
}

/// The name of the one role that there is.
inline constexpr const char* execution_role = "TrainyardRole";

/// What follows the last '/' of an ARN, or all of it.
inline std::string_view arn_name(std::string_view arn) {
  return arn.substr(arn.rfind('/') + 1);
}

}  // namespace trainyard
