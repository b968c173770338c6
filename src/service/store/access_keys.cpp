#include "service/store/access_keys.hpp"

#include <fmt/format.h>

#include <utility>

namespace trainyard::store {
namespace {

// One row of `access_key` with what its user is.
Statement select(Snapshot& s, std::string_view where) {
  return s.prepare(fmt::format(
      "SELECT id, secret, user, session_token, environment, expires_ms, job, role, "
      "coalesce(is_admin, 0), revoked_ms IS NOT NULL FROM access_key LEFT JOIN user ON name=user "
      "WHERE {} LIMIT 1",
      where));
}

Result<std::optional<AccessKeyRow>> one(Statement q) {
  if (!TRY(q.step())) return std::optional<AccessKeyRow>();
  AccessKeyRow row{q.text(0), q.text(1), q.text(2), q.text(3),    q.text(4),
                   {},        q.text(6), q.text(7), q.boolean(8), q.boolean(9)};
  if (!q.is_null(5)) row.expires = q.time(5);
  return std::optional(std::move(row));
}

}  // namespace

Result<> insert_access_key(Txn& txn, const AccessKeyRow& row) {
  auto expired = txn.prepare("DELETE FROM access_key WHERE expires_ms<?");
  TRY(expired.bind(txn.now()).run());
  auto q = txn.prepare("INSERT INTO access_key (id, secret, user, session_token, environment, "
                       "created_ms, expires_ms, job, role) VALUES (?,?,?,?,?,?,?,?,?)");
  q.bind_all(row.id, row.secret, row.user, row.session_token, row.environment, txn.now(),
             row.expires, row.job, row.role);
  return q.run();
}

Result<std::optional<AccessKeyRow>> find_access_key(Snapshot& s, std::string_view id) {
  auto q = select(s, "id=?");
  q.bind(id);
  return one(std::move(q));
}

Result<std::optional<AccessKeyRow>> lasting_access_key(Snapshot& s, std::string_view user) {
  auto q = select(s, "user=? AND expires_ms IS NULL ORDER BY access_key.created_ms");
  q.bind(user);
  return one(std::move(q));
}

Result<std::optional<AccessKeyRow>> job_key_beyond(Snapshot& s, std::string_view job, Time until) {
  auto q = select(s, "job=? AND expires_ms>? ORDER BY expires_ms DESC");
  q.bind_all(job, until);
  return one(std::move(q));
}

Result<> delete_access_keys(Txn& txn, std::string_view user) {
  return txn.prepare("DELETE FROM access_key WHERE user=? AND job=''").bind(user).run();
}

}  // namespace trainyard::store
