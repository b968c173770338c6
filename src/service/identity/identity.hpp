#pragma once
/// Users and their access keys: who a request is from. What a caller may do is decided by
/// permission.hpp.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "service/store/access_keys.hpp"
#include "service/store/control.hpp"

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace trainyard::identity {

using AccessKey = store::AccessKeyRow;

/// Who there is from the first start on: whoever runs the service. Always an admin.
inline constexpr const char* first_user = "trainyard";

/// A caller whose signature was verified.
struct Caller {
  std::string account, user, access_key;
  std::string environment;
  bool is_admin = false;
  bool is_revoked = false;  ///< a job asks whose user was revoked
  std::string job;          ///< the id of the job that asks with its credentials, or ""
  std::string role;         ///< that job's role

  /// A session of the job's role, or of the execution role, under the user's name.
  std::string arn() const;
};
Caller caller_of(std::string_view account, const AccessKey& key);

/// Whose credentials a job's are.
struct JobIdentity {
  std::string job;   ///< its id
  std::string user;  ///< who created it
  std::string role;  ///< the name in its RoleArn
};

class Identity {
public:
  Identity(store::Control& control, store::Readers& readers, std::string account);

  const std::string& account() const { return account_; }

  /// The key of that id, or nothing, as of a revoked user's. Answers from memory when it can;
  /// thread-safe.
  Result<std::shared_ptr<const AccessKey>> find(const std::string& id);
  /// What memory has of keys is told again by the rows. After a change of users is committed.
  void forget();

  /// The first user and their key: made once, at the first start.
  Result<AccessKey> first_key();
  /// A short-lived key of `user` for a local client's session; durable before it returns. Blocks.
  Result<AccessKey> session_key(const std::string& user, const std::string& environment,
                                Time expires);
  /// Short-lived credentials of a job's role, which act for the job's user: a new key an hour, each
  /// good for six. Blocks.
  Result<AccessKey> job_key(const JobIdentity& job, Time now);

private:
  Result<> save(const AccessKey& key);

  store::Control& control_;
  store::Readers& readers_;
  std::string account_;
  std::shared_mutex mutex_;
  std::uint64_t forgotten_ = 0;  // how often
  std::unordered_map<std::string, std::shared_ptr<const AccessKey>> known_;
};

/// A user and a key of theirs, the one that there is of its secret. Who was revoked is one again,
/// with a new key. An error of kind `conflict` where there is one of that name. forget() follows.
Result<AccessKey> add_user(store::Txn& txn, const std::string& name, bool is_admin);
/// Their keys are gone; their jobs, and these jobs' credentials, go on. An error of kind
/// `not_found` where there is none, `invalid` for the first user. forget() follows.
Result<> revoke_user(store::Txn& txn, const std::string& name);

}  // namespace trainyard::identity
