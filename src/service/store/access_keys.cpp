#include "service/store/access_keys.hpp"

#include <utility>

namespace trainyard::store {
namespace {

Result<std::optional<AccessKeyRow>> one(Statement q) {
  if (!TRY(q.step())) return std::optional<AccessKeyRow>();
  AccessKeyRow row{q.text(0), q.text(1), q.text(2), q.text(3), q.text(4), {}};
  if (!q.is_null(5)) row.expires = q.time(5);
  return std::optional(std::move(row));
}

}  // namespace

Result<> insert_access_key(Txn& txn, const AccessKeyRow& row) {
  auto expired = txn.prepare("DELETE FROM access_key WHERE expires_ms<?");
  TRY(expired.bind(txn.now()).run());
  auto q = txn.prepare("INSERT INTO access_key (id, secret, user, session_token, environment, "
                       "created_ms, expires_ms) VALUES (?,?,?,?,?,?,?)");
  q.bind_all(row.id, row.secret, row.user, row.session_token, row.environment, txn.now(),
             row.expires);
  return q.run();
}

Result<std::optional<AccessKeyRow>> find_access_key(Snapshot& s, std::string_view id) {
  auto q = s.prepare(
      "SELECT id, secret, user, session_token, environment, expires_ms FROM access_key WHERE id=?");
  q.bind(id);
  return one(std::move(q));
}

Result<std::optional<AccessKeyRow>> lasting_access_key(Snapshot& s, std::string_view user) {
  auto q = s.prepare("SELECT id, secret, user, session_token, environment, expires_ms FROM "
                     "access_key WHERE user=? AND expires_ms IS NULL ORDER BY created_ms LIMIT 1");
  q.bind(user);
  return one(std::move(q));
}

Result<std::optional<AccessKeyRow>> access_key_beyond(Snapshot& s, std::string_view user,
                                                      Time until) {
  auto q = s.prepare("SELECT id, secret, user, session_token, environment, expires_ms FROM "
                     "access_key WHERE user=? AND expires_ms>? ORDER BY expires_ms DESC LIMIT 1");
  q.bind_all(user, until);
  return one(std::move(q));
}

}  // namespace trainyard::store
