#include "toolkit/json.hpp"

#include <doctest/doctest.h>

using namespace trainyard::toolkit;

namespace {

std::string again(std::string_view text) {
  const auto json = parse_json(text);
  return json ? dump_json(*json) : "error: " + json.error().message;
}

}  // namespace

TEST_CASE("texts, numbers and names come out as json.dumps writes them") {
  CHECK(again(R"( {"b": [1, -0, 2.50, 1e3], "a": null} )") == R"({"a":null,"b":[1,0,2.5,1000.0]})");
  CHECK(again(R"("\u00e9\/\b\f\n\r\t\"\\")") == R"("\u00e9/\b\f\n\r\t\"\\")");
  CHECK(again("\"\xf0\x9f\x98\x80 \x7f\"") == R"("\ud83d\ude00 \u007f")");
  CHECK(again("[]") == "[]");
  CHECK(again("{}") == "{}");
}

TEST_CASE("what only Python's JSON has is read and written") {
  CHECK(again("[NaN, Infinity, -Infinity, 1E400, -1e400]") ==
        "[NaN,Infinity,-Infinity,Infinity,-Infinity]");
  CHECK(again("123456789012345678901234567890") == "123456789012345678901234567890");
  CHECK(again(R"("\ud800x\udc00")") == R"("\ud800x\udc00")");
  CHECK(again(R"("\ud83d\ud83d\ude00")") == R"("\ud83d\ud83d\ude00")");
}

TEST_CASE("of equal names the last value counts, in the first one's place") {
  const auto json = parse_json(R"({"a": 1, "b": 2, "a": 3})");
  CHECK(json->members().size() == 2);
  CHECK(json->members()[0].first == "a");
  CHECK(json->members()[0].second.characters() == "3");
}

TEST_CASE("integers of more than 4300 digits are refused as Python refuses them") {
  CHECK(parse_json(std::string(4300, '1')).has_value());
  CHECK_FALSE(parse_json("-" + std::string(4301, '1')).has_value());
}

TEST_CASE("what Python refuses is refused, with its place") {
  for (const char* text :
       {"",          " ",           "01",   "+5",       ".5",      "5.",         "0x10",
        "1_000",     "True",        "None", "nan",      "[1,]",    "{\"a\":1,}", "{a:1}",
        "{\"a\" 1}", "'a'",         "\"a",  "\"\x01\"", "\"\\x\"", "\"\\u12\"",  "[1 2]",
        "1 2",       "-",           "- 1",  "1e",       "tru",     "[",          "\xef\xbb\xbf{}",
        "\"\xff\"",  "\"\xc0\x80\""})
    CHECK_MESSAGE(!parse_json(text).has_value(), text);
  CHECK(parse_json("{\n \"a\": x}").error().message == "Expecting value: line 2 column 7 (byte 8)");
}

TEST_CASE("nesting has a limit") {
  CHECK(parse_json(std::string(900, '[') + std::string(900, ']')).has_value());
  CHECK_FALSE(parse_json(std::string(100'000, '[')).has_value());
}

TEST_CASE("indented output keeps the order of members") {
  const auto json = parse_json(R"({"b": [1, {}], "a": {"x": "y"}, "c": []})");
  CHECK(dump_json_indented(*json) ==
        "{\n    \"b\": [\n        1,\n        {}\n    ],\n"
        "    \"a\": {\n        \"x\": \"y\"\n    },\n    \"c\": []\n}");
}

TEST_CASE("truth is Python's") {
  for (const char* text : {"null", "false", "0", "0.0", "-0.0", "\"\"", "[]", "{}"})
    CHECK_MESSAGE(!parse_json(text)->is_truthy(), text);
  for (const char* text : {"true", "1", "0.1", "NaN", "\"false\"", "[0]", "{\"a\":0}"})
    CHECK_MESSAGE(parse_json(text)->is_truthy(), text);
}
