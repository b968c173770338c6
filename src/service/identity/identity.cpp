#include "service/identity/identity.hpp"

#include "base/arn.hpp"
#include "base/id.hpp"
#include "service/store/users.hpp"

#include <fmt/format.h>

#include <mutex>

namespace trainyard::identity {
namespace {

constexpr std::size_t known_max = 10'000;
constexpr std::string_view id_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view secret_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr auto job_key_life = std::chrono::hours(6);
constexpr auto job_key_renewal = std::chrono::hours(1);

// AKIA: of a user, for good. ASIA: of a session, with an end.
AccessKey make_key(const char* prefix, std::string user) {
  AccessKey key;
  key.id = prefix + random_text(16, id_letters);
  key.secret = random_text(40, secret_letters);
  key.user = std::move(user);
  return key;
}

AccessKey make_session_key(std::string user, Time expires) {
  AccessKey key = make_key("ASIA", std::move(user));
  key.session_token = random_text(64, secret_letters);
  key.expires = expires;
  return key;
}

}  // namespace

std::string Caller::arn() const {
  return fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", account,
                     role.empty() ? execution_role : role, user);
}

Caller caller_of(std::string_view account, const AccessKey& key) {
  Caller out;
  out.account = account;
  out.user = key.user;
  out.access_key = key.id;
  out.environment = key.environment;
  out.is_admin = key.is_admin && key.job.empty();  // what a script gets hold of is its user's alone
  out.is_revoked = key.is_revoked;
  out.job = key.job;
  out.role = key.role;
  return out;
}

Identity::Identity(store::Control& control, store::Readers& readers, std::string account)
    : control_(control), readers_(readers), account_(std::move(account)) {}

Result<std::shared_ptr<const AccessKey>> Identity::find(const std::string& id) {
  std::uint64_t forgotten = 0;
  {
    const std::shared_lock lock(mutex_);
    if (const auto it = known_.find(id); it != known_.end()) return it->second;
    forgotten = forgotten_;
  }
  const auto key =
      TRY(readers_.read([&](store::Snapshot& s) { return store::find_access_key(s, id); }));
  if (!key || (key->is_revoked && key->job.empty())) return std::shared_ptr<const AccessKey>();
  auto shared = std::make_shared<const AccessKey>(*key);
  const std::unique_lock lock(mutex_);
  if (forgotten != forgotten_) return shared;  // read before what was forgotten changed
  if (known_.size() >= known_max) known_.clear();
  known_[id] = shared;
  return shared;
}

void Identity::forget() {
  const std::unique_lock lock(mutex_);
  ++forgotten_;
  known_.clear();
}

Result<AccessKey> Identity::first_key() {
  return control_.submit_and_wait([&](store::Txn& txn) -> Result<AccessKey> {
    if (!TRY(store::find_user(txn, first_user)))
      TRY(store::put_user(txn, {first_user, true, txn.now(), {}}));
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
  AccessKey key = make_session_key(user, expires);
  key.environment = environment;
  TRY(save(key));
  return key;
}

// One key a job and hour: a job that asks for credentials in a loop makes no rows.
Result<AccessKey> Identity::job_key(const JobIdentity& job, Time now) {
  const auto there = TRY(readers_.read([&](store::Snapshot& s) {
    return store::job_key_beyond(s, job.job, now + job_key_life - job_key_renewal);
  }));
  if (there) return *there;
  AccessKey key = make_session_key(job.user, now + job_key_life);
  key.job = job.job;
  key.role = job.role;
  TRY(save(key));
  return key;
}

Result<AccessKey> add_user(store::Txn& txn, const std::string& name, bool is_admin) {
  const auto there = TRY(store::find_user(txn, name));
  if (there && !there->revoked)
    return fail(ErrorKind::conflict, "ResourceInUse",
                fmt::format("add the user {0}: there is one of that name. Choose another; or, for "
                            "a new key, first trainyard users revoke {0}",
                            name));
  TRY(store::put_user(txn, {name, is_admin, txn.now(), {}}));
  AccessKey key = make_key("AKIA", name);
  TRY(store::insert_access_key(txn, key));
  return key;
}

Result<> revoke_user(store::Txn& txn, const std::string& name) {
  if (name == first_user)
    return fail(ErrorKind::invalid, "ValidationException",
                fmt::format("revoke {}: it is who runs the service, and always an admin", name));
  auto there = TRY(store::find_user(txn, name));
  if (!there || there->revoked)
    return fail(
        ErrorKind::not_found, "ValidationException",
        fmt::format("revoke {}: there is no user of that name (trainyard users list)", name));
  there->revoked = txn.now();
  TRY(store::put_user(txn, *there));
  return store::delete_access_keys(txn, name);
}

}  // namespace trainyard::identity
