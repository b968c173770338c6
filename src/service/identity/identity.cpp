#include "service/identity/identity.hpp"

#include "base/id.hpp"

#include <mutex>

namespace trainyard::identity {
namespace {

constexpr std::size_t known_max = 10'000;
constexpr std::string_view id_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view secret_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr const char* first_user = "trainyard";
constexpr auto job_key_life = std::chrono::hours(6);
constexpr auto job_key_renewal = std::chrono::hours(1);

// AKIA: of a user, for good. ASIA: of a session, with an end.
AccessKey make_key(const char* prefix, std::string user) {
  return {prefix + random_text(16, id_letters),
          random_text(40, secret_letters),
          std::move(user),
          "",
          "",
          {}};
}

}  // namespace

Identity::Identity(store::Control& control, store::Readers& readers, std::string account)
    : control_(control), readers_(readers), account_(std::move(account)) {}

Result<std::shared_ptr<const AccessKey>> Identity::find(const std::string& id) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto it = known_.find(id); it != known_.end()) return it->second;
  }
  const auto key =
      TRY(readers_.read([&](store::Snapshot& s) { return store::find_access_key(s, id); }));
  if (!key) return std::shared_ptr<const AccessKey>();
  auto shared = std::make_shared<const AccessKey>(*key);
  const std::unique_lock lock(mutex_);
  if (known_.size() >= known_max) known_.clear();
  known_[id] = shared;
  return shared;
}

Result<AccessKey> Identity::first_key() {
  return control_.submit_and_wait([&](store::Txn& txn) -> Result<AccessKey> {
    const auto there = TRY(store::lasting_access_key(txn, first_user));
    if (there) return *there;
    AccessKey key = make_key("AKIA", first_user);
    TRY(store::insert_access_key(txn, key));
    return key;
  });
}

Result<> Identity::save(const AccessKey& key) {
  return control_.submit_and_wait(
      [&](store::Txn& txn) { return store::insert_access_key(txn, key); });
}

Result<AccessKey> Identity::session_key(const std::string& user, const std::string& environment,
                                        Time expires) {
  AccessKey key = make_key("ASIA", user);
  key.session_token = random_text(64, secret_letters);
  key.environment = environment;
  key.expires = expires;
  TRY(save(key));
  return key;
}

// One key a job and hour: a job that asks for credentials in a loop makes no rows.
Result<AccessKey> Identity::job_key(const std::string& job, Time now) {
  const std::string user = "job/" + job;
  const auto there = TRY(readers_.read([&](store::Snapshot& s) {
    return store::access_key_beyond(s, user, now + job_key_life - job_key_renewal);
  }));
  if (there) return *there;
  return session_key(user, "", now + job_key_life);
}

}  // namespace trainyard::identity
