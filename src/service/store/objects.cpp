#include "service/store/objects.hpp"

namespace trainyard::store {
namespace {

BucketRow read_bucket(const Statement& q) {
  return {q.text(0), q.text(1), q.time(2)};
}

// Greater than every key: keys are UTF-8, in which no byte is 0xff.
constexpr std::string_view past_all_keys = "\xff";

// Versions are never used twice, not even that of an object that is gone.
Result<std::int64_t> next_version(Txn& txn) {
  auto q = txn.prepare("INSERT INTO meta VALUES ('object_version', 1) "
                       "ON CONFLICT (key) DO UPDATE SET value=value+1 RETURNING value");
  if (!TRY(q.step())) return fail_internal("number a version: no row came back");
  const std::int64_t version = q.integer(0);
  TRY(q.run());
  return version;
}

Result<std::string> blob_of(Snapshot& s, std::string_view bucket, std::string_view key) {
  auto q = s.prepare("SELECT blob FROM object WHERE bucket=? AND key=?");
  q.bind_all(bucket, key);
  return TRY(q.step()) ? q.text(0) : std::string();
}

}  // namespace

Result<bool> insert_bucket(Txn& txn, const BucketRow& row) {
  auto q = txn.prepare("INSERT INTO bucket VALUES (?,?,?) ON CONFLICT DO NOTHING");
  TRY(q.bind_all(row.name, row.region, row.created).run());
  return txn.changes() == 1;
}

Result<std::optional<BucketRow>> find_bucket(Snapshot& s, std::string_view name) {
  auto q = s.prepare("SELECT name, region, created_ms FROM bucket WHERE name=?");
  q.bind(name);
  if (!TRY(q.step())) return std::optional<BucketRow>();
  return std::optional(read_bucket(q));
}

Result<std::vector<BucketRow>> all_buckets(Snapshot& s) {
  auto q = s.prepare("SELECT name, region, created_ms FROM bucket ORDER BY name");
  std::vector<BucketRow> rows;
  while (TRY(q.step()))
    rows.push_back(read_bucket(q));
  return rows;
}

Result<std::vector<BucketSize>> bucket_sizes(Snapshot& s) {
  auto q =
      s.prepare("SELECT bucket, count(*), sum(size) FROM object GROUP BY bucket ORDER BY bucket");
  std::vector<BucketSize> rows;
  while (TRY(q.step()))
    rows.push_back({q.text(0), q.integer(1), q.integer(2)});
  return rows;
}

Result<bool> is_bucket_empty(Snapshot& s, std::string_view name) {
  auto q = s.prepare("SELECT 1 FROM object WHERE bucket=? LIMIT 1");
  q.bind(name);
  return !TRY(q.step());
}

Result<> delete_bucket(Txn& txn, std::string_view name) {
  return txn.prepare("DELETE FROM bucket WHERE name=?").bind(name).run();
}

Result<std::string> put_object(Txn& txn, const ObjectRow& row) {
  std::string before = TRY(blob_of(txn, row.bucket, row.key));
  const std::int64_t version = TRY(next_version(txn));
  auto q = txn.prepare("INSERT OR REPLACE INTO object "
                       "(bucket, key, version, blob, size, etag, modified_ms, headers) "
                       "VALUES (?,?,?,?,?,?,?,?)");
  q.bind_all(row.bucket, row.key, version, row.blob, row.size, row.etag, txn.now(), row.headers);
  TRY(q.run());
  return before;
}

Result<std::optional<ObjectRow>> find_object(Snapshot& s, std::string_view bucket,
                                             std::string_view key) {
  auto q = s.prepare("SELECT blob, size, etag, headers, modified_ms FROM object "
                     "WHERE bucket=? AND key=?");
  q.bind_all(bucket, key);
  if (!TRY(q.step())) return std::optional<ObjectRow>();
  return std::optional(ObjectRow{std::string(bucket), std::string(key), q.text(0), q.integer(1),
                                 q.text(2), q.text(3), q.time(4)});
}

Result<std::string> delete_object(Txn& txn, std::string_view bucket, std::string_view key) {
  std::string blob = TRY(blob_of(txn, bucket, key));
  auto q = txn.prepare("DELETE FROM object WHERE bucket=? AND key=?");
  TRY(q.bind_all(bucket, key).run());
  return blob;
}

Result<bool> is_blob_used(Snapshot& s, std::string_view blob) {
  auto q = s.prepare("SELECT 1 FROM object WHERE blob=? LIMIT 1");
  q.bind(blob);
  return TRY(q.step());
}

Result<bool> has_prefix(Snapshot& s, std::string_view bucket, std::string_view prefix) {
  auto q = s.prepare("SELECT substr(CAST(key AS BLOB), 1, ?)=CAST(? AS BLOB) FROM object "
                     "WHERE bucket=? AND key>=? ORDER BY key LIMIT 1");
  q.bind_all(std::int64_t(prefix.size()), prefix, bucket, prefix);
  return TRY(q.step()) && q.boolean(0);
}

Result<PrefixState> prefix_state(Snapshot& s, std::string_view bucket, std::string_view prefix) {
  auto q = s.prepare("SELECT coalesce(max(version), 0), count(*) FROM object "
                     "WHERE bucket=? AND key>=? AND key<?");
  q.bind_all(bucket, prefix, after_prefix(prefix).value_or(std::string(past_all_keys)));
  TRY(q.step());
  return PrefixState{q.integer(0), q.integer(1)};
}

Result<> each_object(Snapshot& s, std::string_view bucket, std::string_view prefix,
                     const std::function<Result<>(const LinkedObject&)>& visit) {
  auto q = s.prepare("SELECT key, blob, size FROM object WHERE bucket=? AND key>=? AND key<? "
                     "ORDER BY key");
  q.bind_all(bucket, prefix, after_prefix(prefix).value_or(std::string(past_all_keys)));
  while (TRY(q.step()))
    TRY(visit({q.text(0), q.text(1), q.integer(2)}));
  return {};
}

std::optional<std::string> after_prefix(std::string_view prefix) {
  std::string out(prefix);
  while (!out.empty() && static_cast<unsigned char>(out.back()) == 0xff)
    out.pop_back();
  if (out.empty()) return std::nullopt;
  out.back() = char(static_cast<unsigned char>(out.back()) + 1);
  return out;
}

}  // namespace trainyard::store
