#pragma once
/// Users and their access keys: who a request is from. What a user may do is decided where it is
/// done; today every user of the one account may do everything.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "service/store/access_keys.hpp"
#include "service/store/control.hpp"

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

namespace trainyard::identity {

using AccessKey = store::AccessKeyRow;

/// A caller whose signature was verified.
struct Caller {
  std::string account, user, access_key;
  std::string environment;
  std::string arn() const { return "arn:aws:iam::" + account + ":user/" + user; }
};

class Identity {
public:
  Identity(store::Control& control, store::Readers& readers, std::string account);

  const std::string& account() const { return account_; }

  /// The key of that id, or nothing. Answers from memory when it can; thread-safe.
  Result<std::shared_ptr<const AccessKey>> find(const std::string& id);

  /// The first user's key: made once, at the first start.
  Result<AccessKey> first_key();
  /// A short-lived key of `user` for a local client's session; durable before it returns. Blocks.
  Result<AccessKey> session_key(const std::string& user, const std::string& environment,
                                Time expires);
  /// Short-lived credentials of a job's role: a new key an hour, each good for six. Blocks.
  Result<AccessKey> job_key(const std::string& job, Time now);

private:
  Result<> save(const AccessKey& key);

  store::Control& control_;
  store::Readers& readers_;
  std::string account_;
  std::shared_mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const AccessKey>> known_;
};

}  // namespace trainyard::identity
