#pragma once
/// Rows of access keys.

#include "service/store/database.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace trainyard::store {

struct AccessKeyRow {
  std::string id, secret;
  std::string user;
  std::string session_token;  ///< must come with the request when it is not empty
  std::string environment;    ///< the Python environment that `trainyard run` handed over with this
                              ///< key, or ""
  std::optional<Time> expires;
  std::string job;   ///< the id of the job whose credentials it is; "" of a user's own key
  std::string role;  ///< that job's role: the name in its RoleArn

  bool is_admin = false;    ///< the user is one; read alone
  bool is_revoked = false;  ///< the user was; read alone. Of a job's key: it goes on
};

/// Also deletes the keys that have expired.
Result<> insert_access_key(Txn& txn, const AccessKeyRow& row);
/// Expired or not.
Result<std::optional<AccessKeyRow>> find_access_key(Snapshot& s, std::string_view id);
/// The user's first key without an end.
Result<std::optional<AccessKeyRow>> lasting_access_key(Snapshot& s, std::string_view user);
/// Of the job's keys that are good for longer than `until` the one that lasts longest.
Result<std::optional<AccessKeyRow>> job_key_beyond(Snapshot& s, std::string_view job, Time until);
/// The user's own; those of their jobs stay.
Result<> delete_access_keys(Txn& txn, std::string_view user);

}  // namespace trainyard::store
