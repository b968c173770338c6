#pragma once
/// Rows of jobs, their events, owed effects, instances, log streams and tags.

#include "service/store/database.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trainyard::store {

struct JobRow {
  std::string id, account, region, name;
  std::string user;                      ///< who created it; "" in a row older than users
  std::int64_t priority = 0;             ///< the queue's: higher begins first
  std::string phase;                     ///< of the machine
  std::string status, secondary_status;  ///< as the service names them: for lists and filters
  std::string request;                   ///< CreateTrainingJob's body
  std::string environment;               ///< what `trainyard run` handed over, or ""
  std::string state;                     ///< the machine's Job as JSON
  std::int64_t seq = 0;                  ///< of its last event
  Time created{}, modified{};
  std::optional<Time> ended;
};

/// An error of kind `conflict` if (account, region, name) is taken.
Result<> insert_job(Txn& txn, const JobRow& row);
/// Writes what a step may change: phase to state, seq, modified, ended.
Result<> update_job(Txn& txn, const JobRow& row);
Result<> set_job_priority(Txn& txn, std::string_view id, std::int64_t priority);
Result<std::optional<JobRow>> find_job(Snapshot& s, std::string_view account,
                                       std::string_view region, std::string_view name);
Result<std::optional<JobRow>> find_job(Snapshot& s, std::string_view id);
/// Whether the state of a job that has not ended holds this text.
Result<bool> is_in_unfinished_state(Snapshot& s, std::string_view text);
/// All that have not ended, oldest first.
Result<std::vector<JobRow>> unfinished_jobs(Snapshot& s);

/// A row's place in a list, whatever comes or goes around it: its value in the column that the list
/// is sorted by, as text, and its id.
struct JobPlace {
  std::string value, id;
};

/// The last `limit` of those that have ended since.
Result<std::vector<JobRow>> jobs_ended_since(Snapshot& s, Time since, std::int64_t limit);

/// What ListTrainingJobs may ask for. Unset members do not filter.
struct JobFilter {
  std::string account, region;
  std::string name_contains, status;
  std::optional<Time> created_after, created_before, modified_after, modified_before;
  std::string sort = "created_ms";  ///< a column: "created_ms", "name" or "status"
  bool descending = true;
  std::optional<JobPlace> behind;  ///< only what the list has after it
  std::int64_t limit = 10;
};
/// Rows without request and state.
Result<std::vector<JobRow>> list_jobs(Snapshot& s, const JobFilter& filter);

Result<> append_event(Txn& txn, std::string_view job, std::int64_t seq, std::string_view kind,
                      std::string_view payload);

struct EffectRow {
  std::int64_t id = 0;
  std::string job, kind;
  std::int64_t attempt = 0;
};
Result<> owe_effect(Txn& txn, std::string_view job, std::string_view kind, std::int64_t attempt);
/// The oldest effect that is owed for this job.
Result<std::optional<EffectRow>> next_effect(Snapshot& s, std::string_view job);
Result<> settle_effect(Txn& txn, std::int64_t id);
/// Jobs for which anything is owed.
Result<std::vector<std::string>> jobs_owed(Snapshot& s);

struct InstanceRow {
  std::string id, job, token;
  std::int64_t attempt = 0, n = 0, last_report = 0;
};
/// The instances of all jobs that ended before, and when the oldest of the others was created.
Result<std::vector<std::string>> instances_ended_before(Snapshot& s, Time before);
Result<std::optional<Time>> oldest_unfinished(Snapshot& s);
/// Does nothing if the instance is there already.
Result<> insert_instance(Txn& txn, const InstanceRow& row);
Result<std::optional<InstanceRow>> find_instance(Snapshot& s, std::string_view id);
Result<std::optional<InstanceRow>> find_instance_by_token(Snapshot& s, std::string_view token);
Result<std::vector<InstanceRow>> instances_of(Snapshot& s, std::string_view job);
Result<> set_last_report(Txn& txn, std::string_view id, std::int64_t number);

struct LogStreamRow {
  std::string job, region, name;
  std::string instance;  ///< whose log it is: DataPaths::log()
  Time created{};
};
Result<> insert_log_stream(Txn& txn, const LogStreamRow& row);
/// Streams of a region, by name.
struct LogStreamQuery {
  std::string region;
  std::string prefix;  ///< of the names
  std::string from;    ///< the first name, itself included; "" = from the begin
  bool descending = false;
  std::int64_t limit = -1;  ///< -1 = none
};
Result<std::vector<LogStreamRow>> log_streams(Snapshot& s, const LogStreamQuery& query);
Result<std::optional<LogStreamRow>> find_log_stream(Snapshot& s, std::string_view region,
                                                    std::string_view name);

using Tags = std::vector<std::pair<std::string, std::string>>;
/// Adds or replaces. An error of kind `limit` past 50 tags a resource.
Result<> put_tags(Txn& txn, std::string_view arn, const Tags& tags);
Result<Tags> tags_of(Snapshot& s, std::string_view arn);

}  // namespace trainyard::store
