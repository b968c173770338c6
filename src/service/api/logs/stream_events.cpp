#include "service/api/logs/stream_events.hpp"

namespace trainyard::api {

std::string group_arn(const Call& call) {
  return "arn:aws:logs:" + call.region + ":" + call.caller.account +
         ":log-group:" + training_log_group;
}

bool is_training_group(const Call& call, std::string_view name_or_arn) {
  return name_or_arn == training_log_group || name_or_arn == group_arn(call);
}

Result<> check_group(const Call& call, const std::optional<std::string>& name,
                     const std::optional<std::string>& identifier) {
  if (name.has_value() == identifier.has_value())
    return fail(ErrorKind::invalid, "InvalidParameterException",
                "Give either logGroupName or logGroupIdentifier.");
  if (name ? *name == training_log_group : is_training_group(call, *identifier)) return {};
  return fail(ErrorKind::not_found, "ResourceNotFoundException",
              "The specified log group does not exist. Training jobs log to " +
                  std::string(training_log_group) + ".");
}

Result<logs::StreamReader> open_stream(const Services& services, store::Snapshot& s,
                                       const store::LogStreamRow& row) {
  const auto job = TRY(store::find_job(s, row.job));
  return logs::StreamReader::open(services.paths.log(row.instance), !job || job->ended.has_value());
}

Result<store::LogStreamRow> find_stream(store::Snapshot& s, const Call& call,
                                        const std::string& name) {
  auto row = TRY(store::find_log_stream(s, call.region, name));
  if (row) return std::move(*row);
  return fail(ErrorKind::not_found, "ResourceNotFoundException",
              "The specified log stream does not exist.");
}

}  // namespace trainyard::api
