#include "service/identity/identity.hpp"
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
  const auto first = keys.identity.job_key("a", now).value();
  CHECK(first.expires == now + hours(6));
  CHECK_FALSE(first.session_token.empty());
  CHECK(keys.identity.job_key("a", now + minutes(59)).value().id == first.id);
  const auto second = keys.identity.job_key("a", now + minutes(61)).value();
  CHECK(second.id != first.id);
  CHECK(second.expires == now + minutes(61) + hours(6));
  CHECK(keys.identity.job_key("b", now).value().id != first.id);
  CHECK(keys.identity.find(first.id).value()->secret == first.secret);
}

TEST_CASE("the first key is made once, for good") {
  Keys keys;
  const auto first = keys.identity.first_key().value();
  CHECK_FALSE(first.expires);
  (void)keys.identity.session_key("somebody", "", keys.clock.now() + hours(1)).value();
  CHECK(keys.identity.first_key().value().id == first.id);
}

}  // namespace
}  // namespace trainyard::identity
