#include "service/store/uploads.hpp"

namespace trainyard::store {
namespace {

PartRow read_part(const Statement& q) {
  return {q.integer(0), q.text(1), q.integer(2), q.integer(3),
          q.text(4),    q.text(5), q.text(6),    q.time(7)};
}

Result<std::vector<std::string>> texts(Statement q) {
  std::vector<std::string> out;
  while (TRY(q.step()))
    out.push_back(q.text(0));
  return out;
}

}  // namespace

Result<> insert_upload(Txn& txn, const UploadRow& row) {
  auto q = txn.prepare("INSERT INTO upload (id, bucket, key, headers, created_ms) "
                       "VALUES (?,?,?,?,?)");
  return q.bind_all(row.id, row.bucket, row.key, row.headers, txn.now()).run();
}

Result<std::optional<UploadRow>> find_upload(Snapshot& s, std::string_view id) {
  auto q = s.prepare("SELECT id, bucket, key, headers, created_ms FROM upload WHERE id=?");
  q.bind(id);
  if (!TRY(q.step())) return std::optional<UploadRow>();
  return std::optional(UploadRow{q.text(0), q.text(1), q.text(2), q.text(3), q.time(4)});
}

Result<> delete_upload(Txn& txn, std::string_view id) {
  TRY(txn.prepare("DELETE FROM part WHERE upload=?").bind(id).run());
  return txn.prepare("DELETE FROM upload WHERE id=?").bind(id).run();
}

Result<std::vector<std::string>> uploads_left_since(Snapshot& s, Time then, std::size_t limit) {
  auto q = s.prepare("SELECT id FROM upload WHERE created_ms<? AND NOT EXISTS "
                     "(SELECT 1 FROM part WHERE upload=id AND modified_ms>=?) LIMIT ?");
  q.bind_all(then, then, std::int64_t(limit));
  return texts(std::move(q));
}

Result<> each_upload(Snapshot& s, std::string_view bucket, std::string_view prefix,
                     std::string_view key, std::string_view id,
                     const std::function<Result<bool>(const UploadRow&)>& visit) {
  auto q = s.prepare("SELECT id, bucket, key, headers, created_ms FROM upload WHERE bucket=? AND "
                     "key>=? AND (key>? OR (key=? AND id>?)) ORDER BY key, id");
  q.bind_all(bucket, prefix, key, key, id);
  while (TRY(q.step())) {
    const UploadRow row{q.text(0), q.text(1), q.text(2), q.text(3), q.time(4)};
    if (!row.key.starts_with(prefix) || !TRY(visit(row))) break;
  }
  return {};
}

Result<std::vector<std::string>> uploads_into(Snapshot& s, std::string_view bucket) {
  auto q = s.prepare("SELECT id FROM upload WHERE bucket=?");
  q.bind(bucket);
  return texts(std::move(q));
}

Result<std::optional<PartRow>> put_part(Txn& txn, std::string_view upload, const PartRow& row) {
  std::optional<PartRow> before;
  {
    auto q = txn.prepare("SELECT n, file, at, size, md5, sha256, checksum, modified_ms FROM part "
                         "WHERE upload=? AND n=?");
    q.bind_all(upload, row.n);
    if (TRY(q.step())) before = read_part(q);
  }
  auto q = txn.prepare("INSERT OR REPLACE INTO part "
                       "(upload, n, file, at, size, md5, sha256, checksum, modified_ms) "
                       "VALUES (?,?,?,?,?,?,?,?,?)");
  q.bind_all(upload, row.n, row.file, row.at, row.size, row.md5, row.sha256, row.checksum,
             txn.now());
  TRY(q.run());
  return before;
}

Result<std::vector<PartRow>> parts_of(Snapshot& s, std::string_view upload) {
  auto q = s.prepare("SELECT n, file, at, size, md5, sha256, checksum, modified_ms FROM part "
                     "WHERE upload=? ORDER BY n");
  q.bind(upload);
  std::vector<PartRow> rows;
  while (TRY(q.step()))
    rows.push_back(read_part(q));
  return rows;
}

Result<std::vector<std::string>> part_files(Snapshot& s) {
  return texts(s.prepare("SELECT DISTINCT file FROM part ORDER BY file"));
}

}  // namespace trainyard::store
