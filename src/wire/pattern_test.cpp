#include "wire/pattern.hpp"

#include <doctest/doctest.h>

#include <string>

using trainyard::wire::matches;

TEST_CASE("the whole text must match, not a part of it") {
  CHECK(matches("[a-z]+", "abc"));
  CHECK_FALSE(matches("[a-z]+", "abc1"));
  CHECK_FALSE(matches("[a-z]+", "1abc"));
  CHECK_FALSE(matches("[a-z]+", ""));
}

TEST_CASE("a point matches line ends too, as the service's does") {
  CHECK(matches("a.b", "a\nb"));
}

TEST_CASE("a look-ahead refuses the service's own prefix") {
  constexpr const char* key = "(?!aws:)[a-z:]*";
  CHECK(matches(key, "team:aws:"));
  CHECK_FALSE(matches(key, "aws:team"));
}

TEST_CASE("a look-behind refuses a hyphen at the end") {
  constexpr const char* name = "([a-z]+/)?([a-z]([a-z-]){0,62})(?<!-)";
  CHECK(matches(name, "a-b"));
  CHECK(matches(name, "path/a"));
  CHECK_FALSE(matches(name, "a-"));
}

TEST_CASE("Java's class of letters and digits stands within brackets") {
  constexpr const char* arn = R"~(arn:[\p{Alnum}\-]+:x)~";
  CHECK(matches(arn, "arn:aws-1:x"));
  CHECK_FALSE(matches(arn, "arn:a_b:x"));
  CHECK_FALSE(matches(arn, "arn:\\p:x"));
}

TEST_CASE("counts above 1,000 are left to the member's length") {
  constexpr const char* group = R"~(group/[\S]{1,2048})~";
  CHECK(matches(group, "group/" + std::string(2048, 'x')));
  CHECK_FALSE(matches(group, "group/"));
  CHECK_FALSE(matches(group, "group/a b"));
}
