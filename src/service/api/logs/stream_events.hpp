#pragma once
/// Opening streams for the log operations.

#include "service/api/operation/operation.hpp"
#include "service/logs/reader.hpp"
#include "service/store/jobs.hpp"

namespace trainyard::api {

inline constexpr const char* training_log_group = "/aws/sagemaker/TrainingJobs";

/// Whether that is the one group, by its name or by its ARN.
bool is_training_group(const Call& call, std::string_view name_or_arn);
/// A request's logGroupName or logGroupIdentifier, of which it has one: InvalidParameterException,
/// ResourceNotFoundException for a group that is not ours.
Result<> check_group(const Call& call, const std::optional<std::string>& name,
                     const std::optional<std::string>& identifier);
/// "arn:aws:logs:REGION:ACCOUNT:log-group:GROUP"
std::string group_arn(const Call& call);
Result<logs::StreamReader> open_stream(const Services& services, store::Snapshot& s,
                                       const store::LogStreamRow& row);
Result<store::LogStreamRow> find_stream(store::Snapshot& s, const Call& call,
                                        const std::string& name);

}  // namespace trainyard::api
