#include "service/store/outbox.hpp"

#include <algorithm>

namespace trainyard::store {
namespace {

constexpr std::int64_t rows_between_looks = 1000;

Result<std::vector<OutboxRow>> all(Statement q) {
  std::vector<OutboxRow> rows;
  while (TRY(q.step()))
    rows.push_back({q.integer(0), q.text(1), q.time(2), q.text(3), q.text(4)});
  return rows;
}

}  // namespace

Result<> append_to_outbox(Txn& txn, const OutboxRow& row) {
  auto q =
      txn.prepare("INSERT INTO outbox (job, at_ms, type, payload) VALUES (?,?,?,?) RETURNING id");
  q.bind_all(row.job, row.at, row.type, row.payload);
  TRY(q.step());
  const std::int64_t id = q.integer(0);
  TRY(q.run());
  txn.tells_of(row.job);
  if (id % rows_between_looks != 0) return {};
  return txn.prepare("DELETE FROM outbox WHERE id<=?").bind(id - outbox_rows_max).run();
}

Result<std::vector<OutboxRow>> outbox_after(Snapshot& s, std::int64_t id, std::int64_t limit) {
  auto q =
      s.prepare("SELECT id, job, at_ms, type, payload FROM outbox WHERE id>? ORDER BY id LIMIT ?");
  q.bind_all(id, limit);
  return all(std::move(q));
}

Result<std::vector<OutboxRow>> list_outbox(Snapshot& s, const OutboxFilter& filter) {
  std::string sql = "SELECT o.id, o.job, o.at_ms, o.type, o.payload FROM outbox o "
                    "JOIN job j ON j.id=o.job WHERE j.account=? AND j.region=? AND o.id>? ";
  sql += filter.job.empty() ? "AND ?=''" : "AND o.job=?";
  sql += filter.after ? " ORDER BY o.id LIMIT ?" : " ORDER BY o.id DESC LIMIT ?";
  auto q = s.prepare(sql);
  q.bind_all(filter.account, filter.region, filter.after.value_or(0), filter.job, filter.limit);
  auto rows = TRY(all(std::move(q)));
  if (!filter.after) std::reverse(rows.begin(), rows.end());
  return rows;
}

Result<std::int64_t> outbox_end(Snapshot& s) {
  auto q = s.prepare("SELECT seq FROM sqlite_sequence WHERE name='outbox'");
  return TRY(q.step()) ? q.integer(0) : 0;
}

Result<std::int64_t> prune_outbox(Txn& txn, Time before, std::int64_t limit) {
  auto q = txn.prepare("DELETE FROM outbox WHERE at_ms<? AND id IN "
                       "(SELECT id FROM outbox ORDER BY id LIMIT ?)");
  q.bind_all(before, limit);
  TRY(q.run());
  return txn.changes();
}

Result<std::int64_t> webhook_told(Txn& txn, std::string_view key) {
  {
    auto q = txn.prepare("SELECT told FROM webhook WHERE key=?");
    q.bind(key);
    if (TRY(q.step())) return q.integer(0);
  }
  const std::int64_t end = TRY(outbox_end(txn));
  auto q = txn.prepare("INSERT INTO webhook (key, told) VALUES (?,?)");
  q.bind_all(key, end);
  TRY(q.run());
  return end;
}

Result<> set_webhook_told(Txn& txn, std::string_view key, std::int64_t id) {
  auto q = txn.prepare("UPDATE webhook SET told=? WHERE key=?");
  q.bind_all(id, key);
  return q.run();
}

Result<> keep_webhooks(Txn& txn, const std::vector<std::string>& keys) {
  std::vector<std::string> gone;
  {
    auto q = txn.prepare("SELECT key FROM webhook");
    while (TRY(q.step()))
      if (std::find(keys.begin(), keys.end(), q.text(0)) == keys.end()) gone.push_back(q.text(0));
  }
  for (const auto& key : gone)
    TRY(txn.prepare("DELETE FROM webhook WHERE key=?").bind(key).run());
  return {};
}

}  // namespace trainyard::store
