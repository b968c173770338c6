#pragma once
/// The CloudWatch Logs operations; each is defined in the file of its name.

#include "service/api/operation/operation.hpp"

namespace trainyard::api {

Result<std::string> describe_log_groups(Services& services, store::Snapshot& s, const Call& call);
Result<std::string> describe_log_streams(Services& services, store::Snapshot& s, const Call& call);
Result<std::string> get_log_events(Services& services, store::Snapshot& s, const Call& call);
Result<std::string> filter_log_events(Services& services, store::Snapshot& s, const Call& call);

}  // namespace trainyard::api
