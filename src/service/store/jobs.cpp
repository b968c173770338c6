#include "service/store/jobs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trainyard::store {
namespace {

constexpr std::int64_t tags_max = 50;

constexpr const char* job_columns =
    "id, account, region, name, phase, status, secondary_status, request, environment, state, seq, "
    "created_ms, modified_ms, ended_ms, user, priority";

JobRow read_job(const Statement& q) {
  JobRow row;
  row.id = q.text(0);
  row.account = q.text(1);
  row.region = q.text(2);
  row.name = q.text(3);
  row.phase = q.text(4);
  row.status = q.text(5);
  row.secondary_status = q.text(6);
  row.request = q.text(7);
  row.environment = q.text(8);
  row.state = q.text(9);
  row.seq = q.integer(10);
  row.created = q.time(11);
  row.modified = q.time(12);
  if (!q.is_null(13)) row.ended = q.time(13);
  row.user = q.text(14);
  row.priority = q.integer(15);
  return row;
}

Result<std::optional<JobRow>> one_job(Statement q) {
  if (!TRY(q.step())) return std::optional<JobRow>();
  return std::optional(read_job(q));
}

InstanceRow read_instance(const Statement& q) {
  return {q.text(0), q.text(1), q.text(2), q.integer(3), q.integer(4), q.integer(5)};
}

LogStreamRow read_stream(const Statement& q) {
  return {q.text(0), q.text(1), q.text(2), q.text(3), q.time(4)};
}

template <class Row> Result<std::vector<Row>> all(Statement q, Row (*read)(const Statement&)) {
  std::vector<Row> rows;
  while (TRY(q.step()))
    rows.push_back(read(q));
  return rows;
}

template <class Row> Result<std::optional<Row>> one(Statement q, Row (*read)(const Statement&)) {
  if (!TRY(q.step())) return std::optional<Row>();
  return std::optional<Row>(read(q));
}

}  // namespace

Result<> insert_job(Txn& txn, const JobRow& row) {
  auto q =
      txn.prepare("INSERT INTO job (id, account, region, name, phase, status, secondary_status, "
                  "request, environment, state, seq, created_ms, modified_ms, user, priority) "
                  "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
                  "ON CONFLICT (account, region, name) DO NOTHING");
  q.bind_all(row.id, row.account, row.region, row.name, row.phase, row.status, row.secondary_status,
             row.request, row.environment, row.state, row.seq, row.created, row.modified, row.user,
             row.priority);
  TRY(q.run());
  if (txn.changes() == 1) return {};
  return fail(ErrorKind::conflict, "ResourceInUse", "a job of that name exists");
}

Result<> update_job(Txn& txn, const JobRow& row) {
  auto q = txn.prepare("UPDATE job SET phase=?, status=?, secondary_status=?, state=?, seq=?, "
                       "modified_ms=?, ended_ms=? WHERE id=?");
  q.bind_all(row.phase, row.status, row.secondary_status, row.state, row.seq, row.modified,
             row.ended, row.id);
  return q.run();
}

Result<> set_job_priority(Txn& txn, std::string_view id, std::int64_t priority) {
  auto q = txn.prepare("UPDATE job SET priority=? WHERE id=?");
  q.bind_all(priority, id);
  return q.run();
}

Result<std::optional<JobRow>> find_job(Snapshot& s, std::string_view account,
                                       std::string_view region, std::string_view name) {
  static const std::string sql =
      fmt::format("SELECT {} FROM job WHERE account=? AND region=? AND name=?", job_columns);
  auto q = s.prepare(sql);
  q.bind_all(account, region, name);
  return one_job(std::move(q));
}

Result<std::optional<JobRow>> find_job(Snapshot& s, std::string_view id) {
  static const std::string sql = fmt::format("SELECT {} FROM job WHERE id=?", job_columns);
  auto q = s.prepare(sql);
  q.bind(id);
  return one_job(std::move(q));
}

Result<bool> is_in_unfinished_state(Snapshot& s, std::string_view text) {
  auto q = s.prepare("SELECT 1 FROM job WHERE ended_ms IS NULL AND instr(state, ?)");
  q.bind(text);
  return q.step();
}

Result<std::vector<JobRow>> unfinished_jobs(Snapshot& s) {
  static const std::string sql =
      fmt::format("SELECT {} FROM job WHERE ended_ms IS NULL ORDER BY created_ms, id", job_columns);
  return all(s.prepare(sql), read_job);
}

Result<std::vector<JobRow>> jobs_ended_since(Snapshot& s, Time since, std::int64_t limit) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM job WHERE ended_ms>? ORDER BY ended_ms DESC LIMIT ?", job_columns);
  auto q = s.prepare(sql);
  q.bind_all(since, limit);
  return all(std::move(q), read_job);
}

Result<std::vector<JobRow>> list_jobs(Snapshot& s, const JobFilter& f) {
  const bool by_time = f.sort != "name" && f.sort != "status";
  const std::string sql = fmt::format(
      "SELECT id, account, region, name, phase, status, secondary_status, '', '', '', seq, "
      "created_ms, modified_ms, ended_ms, user, priority FROM job WHERE account=? AND region=? "
      "AND (?='' OR instr(name, ?)>0) AND (?='' OR status=?) "
      "AND created_ms>? AND created_ms<? AND modified_ms>? AND modified_ms<? "
      "AND (?='' OR ({0}, id) {2} ({3}, ?)) ORDER BY {0} {1}, id {1} LIMIT ?",
      by_time ? "created_ms" : f.sort, f.descending ? "DESC" : "ASC", f.descending ? "<" : ">",
      by_time ? "CAST(? AS INTEGER)" : "?");
  constexpr std::int64_t ever = INT64_MAX;
  const auto after = [](const std::optional<Time>& t) { return t ? to_ms(*t) : -1; };
  const auto before = [](const std::optional<Time>& t) { return t ? to_ms(*t) : ever; };
  const JobPlace behind = f.behind.value_or(JobPlace{});
  auto q = s.prepare(sql);
  q.bind_all(f.account, f.region, f.name_contains, f.name_contains, f.status, f.status,
             after(f.created_after), before(f.created_before), after(f.modified_after),
             before(f.modified_before), behind.id, behind.value, behind.id, f.limit);
  return all(std::move(q), read_job);
}

Result<> append_event(Txn& txn, std::string_view job, std::int64_t seq, std::string_view kind,
                      std::string_view payload) {
  auto q = txn.prepare("INSERT INTO job_event (job, seq, at_ms, kind, payload) VALUES (?,?,?,?,?)");
  q.bind_all(job, seq, txn.now(), kind, payload);
  return q.run();
}

Result<> owe_effect(Txn& txn, std::string_view job, std::string_view kind, std::int64_t attempt) {
  auto q = txn.prepare("INSERT INTO effect (job, kind, payload) VALUES (?,?,?)");
  q.bind_all(job, kind, std::to_string(attempt));
  return q.run();
}

Result<std::optional<EffectRow>> next_effect(Snapshot& s, std::string_view job) {
  auto q = s.prepare("SELECT id, job, kind, payload FROM effect WHERE job=? ORDER BY id LIMIT 1");
  q.bind(job);
  return one<EffectRow>(std::move(q), [](const Statement& r) {
    return EffectRow{r.integer(0), r.text(1), r.text(2), r.integer(3)};
  });
}

Result<> settle_effect(Txn& txn, std::int64_t id) {
  return txn.prepare("DELETE FROM effect WHERE id=?").bind(id).run();
}

Result<std::vector<std::string>> jobs_owed(Snapshot& s) {
  return all<std::string>(s.prepare("SELECT DISTINCT job FROM effect"),
                          [](const Statement& q) { return q.text(0); });
}

Result<> insert_instance(Txn& txn, const InstanceRow& row) {
  auto q =
      txn.prepare("INSERT OR IGNORE INTO instance (id, job, token, attempt, n) VALUES (?,?,?,?,?)");
  q.bind_all(row.id, row.job, row.token, row.attempt, row.n);
  return q.run();
}

Result<std::optional<InstanceRow>> find_instance(Snapshot& s, std::string_view id) {
  auto q = s.prepare("SELECT id, job, token, attempt, n, last_report FROM instance WHERE id=?");
  q.bind(id);
  return one(std::move(q), read_instance);
}

Result<std::optional<InstanceRow>> find_instance_by_token(Snapshot& s, std::string_view token) {
  auto q = s.prepare("SELECT id, job, token, attempt, n, last_report FROM instance WHERE token=?");
  q.bind(token);
  return one(std::move(q), read_instance);
}

Result<std::vector<std::string>> instances_ended_before(Snapshot& s, Time before) {
  auto q = s.prepare("SELECT instance.id FROM instance JOIN job ON job.id = instance.job "
                     "WHERE job.ended_ms < ? ORDER BY instance.id");
  q.bind(to_ms(before));
  return all<std::string>(std::move(q), [](const Statement& row) { return row.text(0); });
}

Result<std::optional<Time>> oldest_unfinished(Snapshot& s) {
  auto q =
      s.prepare("SELECT created_ms FROM job WHERE ended_ms IS NULL ORDER BY created_ms LIMIT 1");
  if (!TRY(q.step())) return std::optional<Time>();
  return std::optional(from_ms(q.integer(0)));
}

Result<std::vector<InstanceRow>> instances_of(Snapshot& s, std::string_view job) {
  auto q = s.prepare("SELECT id, job, token, attempt, n, last_report FROM instance WHERE job=? "
                     "ORDER BY attempt, n");
  q.bind(job);
  return all(std::move(q), read_instance);
}

Result<> set_last_report(Txn& txn, std::string_view id, std::int64_t number) {
  auto q = txn.prepare("UPDATE instance SET last_report=? WHERE id=?");
  q.bind_all(number, id);
  return q.run();
}

Result<> insert_log_stream(Txn& txn, const LogStreamRow& row) {
  auto q = txn.prepare("INSERT OR IGNORE INTO log_stream (job, region, name, instance, created_ms) "
                       "VALUES (?,?,?,?,?)");
  q.bind_all(row.job, row.region, row.name, row.instance, row.created);
  return q.run();
}

Result<std::vector<LogStreamRow>> log_streams(Snapshot& s, const LogStreamQuery& query) {
  auto q = s.prepare(query.descending
                         ? "SELECT job, region, name, instance, created_ms FROM log_stream "
                           "WHERE region=? AND name>=? AND name<=? ORDER BY name DESC LIMIT ?"
                         : "SELECT job, region, name, instance, created_ms FROM log_stream "
                           "WHERE region=? AND name>=? AND name<=? ORDER BY name LIMIT ?");
  // Names are printable ASCII: everything with this prefix sorts before prefix + DEL.
  std::string first = query.prefix, last = query.prefix + "\x7f";
  if (!query.from.empty() && query.descending) last = std::min(last, query.from);
  if (!query.descending) first = std::max(first, query.from);
  q.bind_all(query.region, first, last, query.limit);
  return all(std::move(q), read_stream);
}

Result<std::optional<LogStreamRow>> find_log_stream(Snapshot& s, std::string_view region,
                                                    std::string_view name) {
  auto q = s.prepare("SELECT job, region, name, instance, created_ms FROM log_stream "
                     "WHERE region=? AND name=?");
  q.bind_all(region, name);
  return one(std::move(q), read_stream);
}

Result<> put_tags(Txn& txn, std::string_view arn, const Tags& tags) {
  for (const auto& [key, value] : tags) {
    auto q = txn.prepare("INSERT INTO tag (arn, key, value) VALUES (?,?,?) "
                         "ON CONFLICT (arn, key) DO UPDATE SET value=excluded.value");
    q.bind_all(arn, key, value);
    TRY(q.run());
  }
  auto count = txn.prepare("SELECT count(*) FROM tag WHERE arn=?");
  count.bind(arn);
  TRY(count.step());
  if (count.integer(0) <= tags_max) return {};
  return fail(ErrorKind::limit, "ResourceLimitExceeded",
              fmt::format("A resource can have at most {} tags.", tags_max));
}

Result<Tags> tags_of(Snapshot& s, std::string_view arn) {
  auto q = s.prepare("SELECT key, value FROM tag WHERE arn=? ORDER BY key");
  q.bind(arn);
  return all<std::pair<std::string, std::string>>(
      std::move(q), [](const Statement& r) { return std::pair(r.text(0), r.text(1)); });
}

}  // namespace trainyard::store
