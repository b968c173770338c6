#pragma once
/// Rows of users: the people whose keys this service knows.

#include "service/store/database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::store {

struct UserRow {
  std::string name;
  bool is_admin = false;  ///< may change what is others', and say who users are
  Time created{};
  std::optional<Time> revoked;
};

/// Takes the place of a row of that name.
Result<> put_user(Txn& txn, const UserRow& row);
Result<std::optional<UserRow>> find_user(Snapshot& s, std::string_view name);
/// In the order in which they were added, revoked ones too.
Result<std::vector<UserRow>> list_users(Snapshot& s);

}  // namespace trainyard::store
