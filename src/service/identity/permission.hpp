#pragma once
/// Who may do what, in two pure rules: what a job is may be changed by who created it and by any
/// admin, what is everybody's by an admin alone. All else any user may. A job's credentials act for
/// its user, and are never an admin's.

#include "base/result.hpp"
#include "service/identity/identity.hpp"

#include <string_view>

namespace trainyard::identity {

/// Who created it, or any admin.
bool may_change(const Caller& caller, std::string_view owner);

/// AccessDeniedException in the service's form: "User: ARN is not authorized to perform:
/// sagemaker:StopTrainingJob on resource: ARN because WHY"; without `resource` none is named.
Failure not_authorized(const Caller& caller, std::string_view action, std::string_view resource,
                       std::string_view why);

/// An error where the caller is no admin. `action` as "trainyard:AddUser".
Result<> check_admin(const Caller& caller, std::string_view action);

}  // namespace trainyard::identity
