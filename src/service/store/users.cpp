#include "service/store/users.hpp"

namespace trainyard::store {
namespace {

UserRow read_user(const Statement& q) {
  UserRow row{q.text(0), q.boolean(1), q.time(2), {}};
  if (!q.is_null(3)) row.revoked = q.time(3);
  return row;
}

}  // namespace

Result<> put_user(Txn& txn, const UserRow& row) {
  auto q = txn.prepare("INSERT OR REPLACE INTO user (name, is_admin, created_ms, revoked_ms) "
                       "VALUES (?,?,?,?)");
  q.bind_all(row.name, row.is_admin, row.created, row.revoked);
  return q.run();
}

Result<std::optional<UserRow>> find_user(Snapshot& s, std::string_view name) {
  auto q = s.prepare("SELECT name, is_admin, created_ms, revoked_ms FROM user WHERE name=?");
  q.bind(name);
  if (!TRY(q.step())) return std::optional<UserRow>();
  return std::optional(read_user(q));
}

Result<std::vector<UserRow>> list_users(Snapshot& s) {
  auto q = s.prepare(
      "SELECT name, is_admin, created_ms, revoked_ms FROM user ORDER BY created_ms, name");
  std::vector<UserRow> out;
  while (TRY(q.step()))
    out.push_back(read_user(q));
  return out;
}

}  // namespace trainyard::store
