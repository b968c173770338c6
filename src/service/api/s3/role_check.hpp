#pragma once
/// What a job's credentials may do here, by `[roles.NAME]` of the settings.

#include "base/role.hpp"
#include "service/api/s3/operation.hpp"

namespace trainyard::api {

/// AccessDenied, with the role and the setting, where the caller's role may not do that.
Result<> check_role(const S3Context& context, const S3Call& call, std::string_view action,
                    Access access, std::string_view bucket, std::string_view key);

/// The same of all that an operation touches but the keys in a body and a copy's source.
Result<> check_operation(const S3Context& context, const S3Call& call,
                         const S3Operation& operation);

}  // namespace trainyard::api
