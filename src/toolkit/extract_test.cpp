#include "toolkit/extract.hpp"

#include <doctest/doctest.h>

using namespace trainyard::toolkit;

// SEMANTICS T7
TEST_CASE("a member's name stays below the directory") {
  CHECK(safe_member_name("a/b") == "a/b");
  CHECK(safe_member_name("../../etc/passwd") == "etc/passwd");
  CHECK(safe_member_name("/etc//passwd/") == "etc/passwd");
  CHECK(safe_member_name("./a/./../b") == "a/b");
  CHECK(safe_member_name("a\\..\\b") == "a/b");
  CHECK(safe_member_name("..") == "");
  CHECK(safe_member_name("") == "");
}

// SEMANTICS T7
TEST_CASE("a link stays inside if no prefix of it leaves") {
  CHECK(link_stays_inside("a", "b"));
  CHECK(link_stays_inside("d/a", "../b"));
  CHECK(link_stays_inside("d/a", ".."));
  CHECK_FALSE(link_stays_inside("a", ".."));
  CHECK_FALSE(link_stays_inside("d/a", "../../b"));
  CHECK_FALSE(link_stays_inside("d/a", "x/../../../d/b"));
  CHECK_FALSE(link_stays_inside("a", "/opt/ml/code/b"));
}

// SEMANTICS T7
TEST_CASE("a link turns back if a name stands before a ..") {
  CHECK_FALSE(link_turns_back("a"));
  CHECK_FALSE(link_turns_back("../../a/b"));
  CHECK_FALSE(link_turns_back("./.././a..b/..c"));
  CHECK(link_turns_back("d/.."));
  CHECK(link_turns_back("../d//./../a"));
}
