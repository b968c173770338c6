#include "wire/query.hpp"

#include <doctest/doctest.h>

using namespace trainyard::wire;

TEST_CASE("pairs are decoded in their order") {
  const auto query = Query::parse("b=2&a=%C3%BC+%2B&&uploads&e=&a=x%3Dy=z");
  REQUIRE(query);
  REQUIRE(query->size() == 5);
  CHECK(query->begin()->first == "b");
  CHECK(query->get("a") == "\xc3\xbc +");
  CHECK((query->begin() + 4)->second == "x=y=z");
  CHECK(query->has("uploads"));
  CHECK(query->find("uploads") == "");
  CHECK(query->has("e"));
  CHECK_FALSE(query->has("A"));
  CHECK(query->get("none") == "");
  CHECK(Query::parse("")->size() == 0);
}

TEST_CASE("a plus is a space unless it is told otherwise") {
  CHECK(Query::parse("a=1+2")->get("a") == "1 2");
  CHECK(Query::parse("a=1+2", false)->get("a") == "1+2");
}

TEST_CASE("broken escapes and too many pairs are refused") {
  for (const char* bad : {"a=%", "a=%4", "a=%zz", "%=1", "a=1&b=%f"})
    CHECK_FALSE(Query::parse(bad));
  CHECK(Query::parse("a&b&c", true, 3));
  CHECK_FALSE(Query::parse("a&b&c&d", true, 3));
  CHECK_FALSE(Query::parse(std::string(8 << 20, '&')));
}
