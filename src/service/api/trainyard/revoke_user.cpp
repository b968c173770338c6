#include "service/api/trainyard/trainyard.hpp"
#include "service/identity/permission.hpp"
#include "wire/json.hpp"

// POST /  X-Amz-Target: Trainyard.RevokeUser  {"Name": "kim"}
// 200 {}

namespace trainyard::api {

Result<Write> revoke_user(Services& services, const Call& call) {
  const auto request = TRY(wire::decode<wire::RevokeUserRequest>(call.body));
  TRY(identity::check_admin(call.caller, "trainyard:RevokeUser"));
  Write write;
  write.write = [request](store::Txn& txn) -> Result<std::string> {
    TRY(identity::revoke_user(txn, request.Name));
    return "{}";
  };
  write.committed = [&services] { services.identity.forget(); };
  return write;
}

}  // namespace trainyard::api
