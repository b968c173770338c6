#include "service/identity/identity.hpp"
#include "service/identity/permission.hpp"
#include "service/store/schema.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <stdlib.h>

namespace trainyard::identity {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct Keys {
  std::string dir = [] {
    char name[] = "/tmp/trainyard-keys-XXXXXX";
    return std::string(mkdtemp(name));
  }();
  ManualClock clock;
  store::Control control{[this] {
                           auto db =
                               store::Database::open(dir + "/db", store::Database::Mode::write);
                           REQUIRE(store::migrate(**db));
                           return std::move(*db);
                         }(),
                         clock};
  store::Readers readers{dir + "/db", 2};
  Identity identity{control, readers, "123456789012"};
  ~Keys() { std::filesystem::remove_all(dir); }
};

// SEMANTICS X21
TEST_CASE("a job's key is good for six hours, and for an hour the same is given again") {
  Keys keys;
  const Time now = keys.clock.now();
  const JobIdentity a{"a", "kim", "Role"};
  const auto first = keys.identity.job_key(a, now).value();
  CHECK(first.expires == now + hours(6));
  CHECK_FALSE(first.session_token.empty());
  CHECK(keys.identity.job_key(a, now + minutes(59)).value().id == first.id);
  const auto second = keys.identity.job_key(a, now + minutes(61)).value();
  CHECK(second.id != first.id);
  CHECK(second.expires == now + minutes(61) + hours(6));
  CHECK(keys.identity.job_key({"b", "kim", "Role"}, now).value().id != first.id);
  CHECK(keys.identity.find(first.id).value()->secret == first.secret);
}

TEST_CASE("the first key is made once, for good") {
  Keys keys;
  const auto first = keys.identity.first_key().value();
  CHECK_FALSE(first.expires);
  (void)keys.identity.session_key("somebody", "", keys.clock.now() + hours(1)).value();
  CHECK(keys.identity.first_key().value().id == first.id);
}

Result<AccessKey> add(Keys& keys, const std::string& name, bool is_admin = false) {
  return keys.control.submit_and_wait(
      [&](store::Txn& txn) { return add_user(txn, name, is_admin); });
}

Result<> revoke(Keys& keys, const std::string& name) {
  const auto done =
      keys.control.submit_and_wait([&](store::Txn& txn) { return revoke_user(txn, name); });
  keys.identity.forget();
  return done;
}

// SEMANTICS A24, A25
TEST_CASE("a revoked user's keys are unknown at once, those of their jobs go on") {
  Keys keys;
  const Time later = keys.clock.now() + hours(1);
  const auto own = add(keys, "kim").value();
  const auto session = keys.identity.session_key("kim", "", later).value();
  const auto job = keys.identity.job_key({"a", "kim", "Role"}, keys.clock.now()).value();
  for (const auto& key : {own, session, job})
    CHECK(keys.identity.find(key.id).value());  // and now they are in memory
  REQUIRE(revoke(keys, "kim"));
  CHECK_FALSE(keys.identity.find(own.id).value());
  CHECK_FALSE(keys.identity.find(session.id).value());
  CHECK(keys.identity.find(job.id).value()->is_revoked);

  const auto again = add(keys, "kim").value();
  CHECK(again.id != own.id);
  CHECK(keys.identity.find(again.id).value());
  CHECK_FALSE(keys.identity.find(own.id).value());
}

TEST_CASE("a session's key that comes with the revocation is unknown too") {
  Keys keys;
  REQUIRE(add(keys, "kim"));
  REQUIRE(revoke(keys, "kim"));
  const auto late = keys.identity.session_key("kim", "", keys.clock.now() + hours(1)).value();
  CHECK_FALSE(keys.identity.find(late.id).value());
}

TEST_CASE("the first user is an admin for good, and names are taken until they are revoked") {
  Keys keys;
  const auto first = keys.identity.first_key().value();
  CHECK(keys.identity.find(first.id).value()->is_admin);
  CHECK(revoke(keys, first_user).error().kind == ErrorKind::invalid);
  CHECK(revoke(keys, "kim").error().kind == ErrorKind::not_found);
  CHECK_FALSE(keys.identity.find(add(keys, "kim").value().id).value()->is_admin);
  CHECK(add(keys, "kim").error().kind == ErrorKind::conflict);
  CHECK(add(keys, first_user).error().kind == ErrorKind::conflict);
  CHECK(keys.identity.find(add(keys, "lee", true).value().id).value()->is_admin);
}

// SEMANTICS J60
TEST_CASE("a job is changed by who created it and by admins, and a job is never one") {
  AccessKey key;
  key.user = "kim";
  CHECK(may_change(caller_of("123456789012", key), "kim"));
  CHECK_FALSE(may_change(caller_of("123456789012", key), "lee"));
  CHECK_FALSE(may_change(caller_of("123456789012", key), ""));
  key.is_admin = true;
  CHECK(may_change(caller_of("123456789012", key), "lee"));
  key.job = "a";
  key.role = "Narrow";
  CHECK(may_change(caller_of("123456789012", key), "kim"));
  CHECK_FALSE(may_change(caller_of("123456789012", key), "lee"));
  CHECK(caller_of("123456789012", key).arn() ==
        "arn:aws:sts::123456789012:assumed-role/Narrow/kim");
  key.is_revoked = true;
  CHECK_FALSE(may_change(caller_of("123456789012", key), "kim"));
}

}  // namespace
}  // namespace trainyard::identity
