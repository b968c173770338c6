#include "service/api/trainyard/trainyard.hpp"
#include "service/store/users.hpp"
#include "wire/json.hpp"

// POST /  X-Amz-Target: Trainyard.ListUsers  {}
// 200 {"Users": [{"Name": "kim", "Admin": false, "Created": 1795000000.0, "Revoked": ...}]}

namespace trainyard::api {

Result<std::string> list_users(Services&, store::Snapshot& s, const Call& call) {
  wire::ListUsersResponse out;
  for (const auto& user : TRY(store::list_users(s)))
    out.Users.push_back(
        {user.name, user.is_admin, user.name == call.caller.user, user.created, user.revoked});
  return wire::encode(out);
}

}  // namespace trainyard::api
