#include "cli/commands.hpp"
#include "cli/connection.hpp"
#include "cli/print.hpp"
#include "wire/json.hpp"
#include "wire/shapes/trainyard.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace trainyard::cli {

Result<int> add_user(const Common& common, const std::string& name, bool is_admin) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer = TRY(service.call(
      "Trainyard.AddUser", std::string_view(wire::encode(wire::AddUserRequest{name, is_admin}))));
  if (common.json) return std::puts(answer.c_str()), ok;
  const auto added = TRY(wire::decode_answer<wire::AddUserResponse>(answer));
  fmt::print("{} is added{}. Their key, which is shown this once:\n"
             "  access key id      {}\n"
             "  secret access key  {}\n",
             added.Name, added.Admin ? " as an admin" : "", added.AccessKeyId,
             added.SecretAccessKey);
  return ok;
}

Result<int> revoke_user(const Common& common, const std::string& name) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer = TRY(service.call(
      "Trainyard.RevokeUser", std::string_view(wire::encode(wire::RevokeUserRequest{name}))));
  if (common.json) return std::puts(answer.c_str()), ok;
  fmt::print("{} is revoked: their keys are unknown from now on, their jobs go on\n", name);
  return ok;
}

Result<int> list_users(const Common& common) {
  Connection service = TRY(Connection::open(common.data));
  const std::string answer = TRY(service.call("Trainyard.ListUsers", std::string_view("{}")));
  if (common.json) return std::puts(answer.c_str()), ok;
  const auto list = TRY(wire::decode_answer<wire::ListUsersResponse>(answer));
  std::vector<std::vector<std::string>> rows{{"NAME", "ADDED", "ADMIN", "REVOKED"}};
  for (const auto& user : list.Users)
    rows.push_back({user.Name + (user.You ? " (you)" : ""), local_time(user.Created),
                    user.Admin ? "yes" : "no", user.Revoked ? local_time(*user.Revoked) : "-"});
  fmt::print("{}", table(rows));
  return ok;
}

}  // namespace trainyard::cli
