#include "base/role.hpp"

#include <doctest/doctest.h>

namespace trainyard {
namespace {

bool may(Access access, std::string_view bucket, std::string_view key,
         std::string_view role = "Narrow") {
  Settings settings;
  settings.roles["Narrow"] = {{"data/in/", "all", "half/part"}, {"data/out/", "mine/"}};
  return role_denial(settings, role, access, bucket, key).empty();
}

// SEMANTICS A29
TEST_CASE("a role reads, writes and lists below its places alone") {
  using enum Access;
  CHECK(may(read, "data", "in/a"));
  CHECK(may(read, "all", "anything"));
  CHECK(may(read, "half", "partly/x"));  // a prefix of keys, not a directory
  CHECK_FALSE(may(read, "data", "in"));
  CHECK_FALSE(may(read, "data", "out/a"));
  CHECK_FALSE(may(read, "data", "inner/a"));
  CHECK_FALSE(may(read, "dat", "a/in/"));
  CHECK_FALSE(may(read, "alle", "x"));
  CHECK(may(write, "data", "out/a"));
  CHECK(may(write, "mine", "x"));
  CHECK_FALSE(may(write, "data", "in/a"));
  CHECK_FALSE(may(write, "all", "x"));
  CHECK(may(list, "data", "in/"));
  CHECK(may(list, "data", "in/deep/"));
  CHECK(may(list, "all", ""));
  CHECK_FALSE(may(list, "data", ""));
  CHECK_FALSE(may(list, "data", "i"));
  CHECK_FALSE(may(list, "data", "out/"));
  CHECK(may(look, "data", ""));
  CHECK(may(look, "mine", ""));
  CHECK_FALSE(may(look, "other", ""));
  CHECK(may(own, "mine", ""));
  CHECK_FALSE(may(own, "data", ""));
  CHECK_FALSE(may(own, "all", ""));
}

// SEMANTICS A29
TEST_CASE("a role that the settings do not name is not narrowed, and why is told by the setting") {
  for (const auto access : {Access::read, Access::write, Access::list, Access::look, Access::own})
    CHECK(may(access, "any", "key", "TrainyardRole"));
  Settings settings;
  settings.roles["Narrow"];
  CHECK(role_denial(settings, "Narrow", Access::write, "b", "k") ==
        "write of [roles.Narrow] in the service's settings has no place that it is in");
}

}  // namespace
}  // namespace trainyard
