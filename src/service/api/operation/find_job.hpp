#pragma once
/// Looking a job up by its name, for the operations that name one.

#include "base/arn.hpp"
#include "service/api/operation/operation.hpp"
#include "service/identity/permission.hpp"
#include "service/store/jobs.hpp"

namespace trainyard::api {

/// The service's answer for a job that is not there.
inline Failure not_found() {
  return fail(ErrorKind::not_found, "ValidationException", "Requested resource not found.");
}

inline Result<store::JobRow> find_named(store::Snapshot& s, const Call& call,
                                        const std::string& name) {
  auto row = TRY(store::find_job(s, call.caller.account, call.region, name));
  if (!row) return not_found();
  return std::move(*row);
}

/// The job that `arn` names; any other ARN, also one of another account or region, names none.
inline Result<store::JobRow> find_by_arn(store::Snapshot& s, const Call& call,
                                         const std::string& arn) {
  auto row = TRY(find_named(s, call, std::string(arn_name(arn))));
  if (arn != training_job_arn(row.region, row.account, row.name)) return not_found();
  return row;
}

/// An error unless the caller may change that job: who created it, or an admin. `action` as
/// "sagemaker:StopTrainingJob".
inline Result<> check_may_change(const Call& call, const store::JobRow& row,
                                 std::string_view action) {
  if (identity::may_change(call.caller, row.user)) return {};
  return identity::not_authorized(
      call.caller, action, training_job_arn(row.region, row.account, row.name),
      "it is a job of " + row.user + ", who may, as may an admin (trainyard users list)");
}

/// Before the jobs of others only an admin puts one.
inline Result<> check_priority(const Call& call, std::int64_t priority) {
  if (priority <= 0 || call.caller.is_admin) return {};
  return identity::not_authorized(call.caller, "trainyard:SetPriority", "",
                                  "a priority above 0 goes before the jobs of others, and is an "
                                  "admin's to give (trainyard users list)");
}

}  // namespace trainyard::api
