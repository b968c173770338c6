#include "service/identity/permission.hpp"

#include <fmt/format.h>

namespace trainyard::identity {

bool may_change(const Caller& caller, std::string_view owner) {
  return !caller.is_revoked && (caller.is_admin || caller.user == owner);
}

Failure not_authorized(const Caller& caller, std::string_view action, std::string_view resource,
                       std::string_view why) {
  const std::string on = resource.empty() ? "" : fmt::format(" on resource: {}", resource);
  return fail(ErrorKind::denied, "AccessDeniedException",
              fmt::format("User: {} is not authorized to perform: {}{} because {}", caller.arn(),
                          action, on, why));
}

Result<> check_admin(const Caller& caller, std::string_view action) {
  if (caller.is_admin) return {};
  return not_authorized(caller, action, "",
                        caller.job.empty()
                            ? "only an admin may (trainyard users list shows who is one)"
                            : "a job's credentials are never an admin's");
}

}  // namespace trainyard::identity
