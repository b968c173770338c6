#include "service/api/trainyard/trainyard.hpp"
#include "service/identity/permission.hpp"
#include "wire/json.hpp"

// POST /  X-Amz-Target: Trainyard.AddUser  {"Name": "kim", "Admin": false}
// 200 {"Name": "kim", "Admin": false, "AccessKeyId": "AKIA...", "SecretAccessKey": "..."}

namespace trainyard::api {

Result<Write> add_user(Services& services, const Call& call) {
  const auto request = TRY(wire::decode<wire::AddUserRequest>(call.body));
  TRY(identity::check_admin(call.caller, "trainyard:AddUser"));
  Write write;
  write.write = [request](store::Txn& txn) -> Result<std::string> {
    const auto key = TRY(identity::add_user(txn, request.Name, request.Admin));
    return wire::encode(wire::AddUserResponse{request.Name, request.Admin, key.id, key.secret});
  };
  write.committed = [&services] { services.identity.forget(); };
  return write;
}

}  // namespace trainyard::api
