#pragma once
/// The SageMaker operations; each is defined in the file of its name.

#include "service/api/operation/operation.hpp"

namespace trainyard::api {

/// SecondaryStatus of a job that waits for capacity. It is computed when asked for, never stored.
inline constexpr const char* waiting_status = "Pending";

Result<Write> create_training_job(Services& services, const Call& call);
Result<std::string> describe_training_job(Services& services, store::Snapshot& s, const Call& call);
Result<std::string> list_training_jobs(Services& services, store::Snapshot& s, const Call& call);
Result<Write> stop_training_job(Services& services, const Call& call);
Result<Write> add_tags(Services& services, const Call& call);
Result<std::string> list_tags(Services& services, store::Snapshot& s, const Call& call);

}  // namespace trainyard::api
