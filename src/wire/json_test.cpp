#include "wire/json.hpp"

#include <doctest/doctest.h>

namespace trainyard::wire {
namespace {

struct Inner {
  std::string Name;
  std::optional<std::int64_t> Count;
};
template <class V> void fields(V& v, Inner& r) {
  v("Name", r.Name, required, length(1, 4), pattern("[a-z]+"));
  v("Count", r.Count, range(1, 5));
}

struct Outer {
  Inner One;
  std::vector<Inner> Many;
  std::vector<std::string> Words;
  std::map<std::string, std::string> Map;
  std::optional<Time> When;
  bool Flag = false;
};
template <class V> void fields(V& v, Outer& r) {
  v("One", r.One, required);
  v("Many", r.Many, length(0, 2));
  v("Words", r.Words, length(0, 3), each(length(1, 2), pattern("[a-z]+")));
  v("Map", r.Map, key(length(1, 3)), value(length(0, 2)));
  v("When", r.When);
  v("Flag", r.Flag);
}

std::string error_of(std::string_view text) {
  const auto r = decode<Outer>(text);
  return r ? "" : r.error().code + ": " + r.error().message;
}

TEST_CASE("what is encoded is decoded to the same") {
  Outer o;
  o.One = {"ab", 3};
  o.Many = {{"c", {}}};
  o.Words = {"w"};
  o.Map = {{"k", "v"}};
  o.When = from_ms(1795461954250);
  o.Flag = true;
  const std::string text = encode(o);
  CHECK(text ==
        R"({"One":{"Name":"ab","Count":3},"Many":[{"Name":"c"}],"Words":["w"],"Map":{"k":"v"},)"
        R"("When":1795461954.250,"Flag":true})");
  const auto back = decode<Outer>(text);
  REQUIRE(back);
  CHECK(encode(*back) == text);
}

TEST_CASE("violations are counted and worded as AWS words them") {
  CHECK(error_of("{}") ==
        "ValidationException: 1 validation error detected: Value null at 'one' failed to satisfy "
        "constraint: Member must not be null");
  CHECK(
      error_of(R"({"One":{"Name":"A_bcd","Count":9}})") ==
      "ValidationException: 3 validation errors detected: Value 'A_bcd' at 'one.name' failed to "
      "satisfy constraint: Member must have length less than or equal to 4; Value 'A_bcd' at "
      "'one.name' failed to satisfy constraint: Member must satisfy regular expression pattern: "
      "[a-z]+; Value '9' at 'one.count' failed to satisfy constraint: Member must have value less "
      "than or equal to 5");
  CHECK(error_of(R"({"One":{"Name":"a"},"Many":[{"Name":"a"},{"Name":"B"}]})")
            .find("at 'many.2.member.name'") != std::string::npos);
}

TEST_CASE("entries of maps and lists are told once, with all their rules") {
  const std::string head = "ValidationException: 1 validation error detected: Value ";
  CHECK(error_of(R"({"One":{"Name":"a"},"Map":{"long":"x","longer":"y","k":""}})") ==
        head + "'{long=x, longer=y, k=}' at 'map' failed to satisfy constraint: Map keys must "
               "satisfy constraint: [Member must have length less than or equal to 3, Member must "
               "have length greater than or equal to 1]");
  CHECK(error_of(R"({"One":{"Name":"a"},"Map":{"k":"xyz"}})") ==
        head + "'{k=xyz}' at 'map' failed to satisfy constraint: Map value must satisfy "
               "constraint: [Member must have length less than or equal to 2, Member must have "
               "length greater than or equal to 0]");
  CHECK(error_of(R"({"One":{"Name":"a"},"Words":["ok","NO","long"]})") ==
        head + "'[ok, NO, long]' at 'words' failed to satisfy constraint: Member must satisfy "
               "constraint: [Member must have length less than or equal to 2, Member must have "
               "length greater than or equal to 1, Member must satisfy regular expression "
               "pattern: [a-z]+]");
}

TEST_CASE("no request makes an answer without end") {
  std::string items;
  for (int i = 0; i < 1000; ++i)
    items += i ? ",{}" : "{}";
  CHECK(error_of("{\"Many\":[" + items + "]}")
            .starts_with("ValidationException: 100 validation errors detected: "));
}

TEST_CASE("a wrong JSON type is a SerializationException, null counts as absent") {
  CHECK(error_of(R"({"One":3})") ==
        "SerializationException: The request body has a member of the wrong type: 'one' must be a "
        "structure, not a number.");
  CHECK(error_of("{").starts_with("SerializationException"));
  CHECK(error_of("[]").starts_with("SerializationException"));
  CHECK(error_of(R"({"One":{"Name":"a","Count":null}})").empty());
  CHECK(error_of(R"({"One":{"Name":"a","Count":1.5}})").starts_with("SerializationException"));
  CHECK(error_of(std::string(100, '[')).starts_with("SerializationException"));
}

TEST_CASE("text that is not UTF-8 still encodes as valid JSON") {
  CHECK(quote_json("a\"\\\n\x01\xff\xc3\xbc\xed\xa0\x80") ==
        "\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace trainyard::wire
