#include "service/api/logs/stream_events.hpp"

namespace trainyard::api {

Result<> check_group(const std::string& group) {
  if (group == training_log_group) return {};
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
