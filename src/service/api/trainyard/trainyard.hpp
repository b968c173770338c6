#pragma once
/// Operations of this service's own; each is defined in the file of its name.

#include "service/api/operation/operation.hpp"
#include "wire/shapes/trainyard.hpp"

namespace trainyard::api {

/// An environment, for people.
wire::EnvironmentSummary summary_of(const engine::PythonEnvironment& environment);

Result<std::string> why(Services& services, store::Snapshot& s, const Call& call);
Result<std::string> locate_files(Services& services, store::Snapshot& s, const Call& call);
Result<std::string> list_waiting(Services& services, store::Snapshot& s, const Call& call);
Result<Write> set_priority(Services& services, const Call& call);
Result<Write> interrupt(Services& services, const Call& call);
Result<Write> describe_disk(Services& services, const Call& call);
Result<Write> prune(Services& services, const Call& call);
Result<Write> add_environment(Services& services, const Call& call);
Result<Write> remove_environment(Services& services, const Call& call);
Result<std::string> list_environments(Services& services, store::Snapshot& s, const Call& call);
Result<std::string> explain_image(Services& services, store::Snapshot& s, const Call& call);
Result<Write> add_user(Services& services, const Call& call);
Result<Write> revoke_user(Services& services, const Call& call);
Result<std::string> list_users(Services& services, store::Snapshot& s, const Call& call);

}  // namespace trainyard::api
