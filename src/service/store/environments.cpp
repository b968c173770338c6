#include "service/store/environments.hpp"

namespace trainyard::store {

Result<> insert_environment(Txn& txn, const EnvironmentRow& row) {
  auto q = txn.prepare("INSERT INTO environment (name, directory, python, created_ms) "
                       "VALUES (?,?,?,?) ON CONFLICT (name) DO NOTHING");
  q.bind_all(row.name, row.directory, row.python, txn.now());
  TRY(q.run());
  if (txn.changes() == 1) return {};
  return fail(ErrorKind::conflict, "ResourceInUse", "an environment of that name exists");
}

Result<> delete_environment(Txn& txn, std::string_view name) {
  return txn.prepare("DELETE FROM environment WHERE name=?").bind(name).run();
}

Result<std::optional<EnvironmentRow>> find_environment(Snapshot& s, std::string_view name) {
  auto q = s.prepare("SELECT name, directory, python FROM environment WHERE name=?");
  q.bind(name);
  if (!TRY(q.step())) return std::optional<EnvironmentRow>();
  return std::optional(EnvironmentRow{q.text(0), q.text(1), q.text(2)});
}

Result<std::vector<EnvironmentRow>> list_environments(Snapshot& s) {
  auto q = s.prepare("SELECT name, directory, python FROM environment ORDER BY created_ms, name");
  std::vector<EnvironmentRow> out;
  while (TRY(q.step()))
    out.push_back({q.text(0), q.text(1), q.text(2)});
  return out;
}

}  // namespace trainyard::store
