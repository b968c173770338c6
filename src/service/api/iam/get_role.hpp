#pragma once
/// IAM GetRole.

#include "service/api/operation/operation.hpp"

namespace trainyard::api {

/// IAM GetRole: answers for any well-formed name, with a role that SageMaker may assume; with
/// `strict` for the execution role alone.
Result<std::string> get_role(Services& services, store::Snapshot& s, const Call& call);

}  // namespace trainyard::api
