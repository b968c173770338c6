#pragma once
/// Opening streams for the log operations.

#include "service/api/operation/operation.hpp"
#include "service/logs/reader.hpp"
#include "service/store/jobs.hpp"

namespace trainyard::api {

inline constexpr const char* training_log_group = "/aws/sagemaker/TrainingJobs";

/// An error of kind `not_found` for a group that is not ours.
Result<> check_group(const std::string& group);
Result<logs::StreamReader> open_stream(const Services& services, store::Snapshot& s,
                                       const store::LogStreamRow& row);
Result<store::LogStreamRow> find_stream(store::Snapshot& s, const Call& call,
                                        const std::string& name);

}  // namespace trainyard::api
