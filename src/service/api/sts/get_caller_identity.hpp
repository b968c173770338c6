#pragma once
/// STS GetCallerIdentity.

#include "service/api/operation/operation.hpp"

namespace trainyard::api {

/// STS GetCallerIdentity: who signed.
Result<std::string> get_caller_identity(Services& services, store::Snapshot& s, const Call& call);

}  // namespace trainyard::api
