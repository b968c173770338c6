#include "toolkit/python_text.hpp"

#include <doctest/doctest.h>

using namespace trainyard::toolkit;

namespace {

std::string repr(std::string_view json) {
  return python_repr(*parse_json(json));
}

}  // namespace

TEST_CASE("a float is the shortest text that reads back, laid out as Python does") {
  CHECK(python_real(1e-5) == "1e-05");
  CHECK(python_real(0.0001) == "0.0001");
  CHECK(python_real(100) == "100.0");
  CHECK(python_real(1e15) == "1000000000000000.0");
  CHECK(python_real(1e16) == "1e+16");
  CHECK(python_real(0.1 + 0.2) == "0.30000000000000004");
  CHECK(python_real(-0.0) == "-0.0");
  CHECK(python_real(5e-324) == "5e-324");
  CHECK(python_real(1.7976931348623157e308) == "1.7976931348623157e+308");
  CHECK(python_real(123456789012345680.0) == "1.2345678901234568e+17");
}

TEST_CASE("a power of two takes the shorter digits above it") {
  CHECK(python_real(0x1p554) == "5.896816288783659e+166");
  CHECK(python_real(0x1p-97) == "6.310887241768095e-30");
}

TEST_CASE("a float that is no number has two spellings") {
  CHECK(python_real(1e308 * 10) == "inf");
  CHECK(json_real(-1e308 * 10) == "-Infinity");
  CHECK(python_repr(*parse_json("[NaN]")) == "[nan]");
  CHECK(dump_json(*parse_json("[NaN]")) == "[NaN]");
}

TEST_CASE("repr quotes and escapes as Python does") {
  CHECK(repr(R"("it's")") == R"("it's")");
  CHECK(repr(R"("\"it's\"")") == R"('"it\'s"')");
  CHECK(repr(R"("\n\r\t\\\u0001\u007f\u0085\u00ad")") == R"('\n\r\t\\\x01\x7f\x85\xad')");
  CHECK(repr(R"("\u00e9\u200b\u2028\ue000\ud800\ud83d\ude00\udb40\udc01")") ==
        "'\xc3\xa9\\u200b\\u2028\\ue000\\ud800\xf0\x9f\x98\x80\\U000e0001'");
  CHECK(repr(R"([1, "a", null, true, {"k": 1.5, "e": []}])") ==
        "[1, 'a', None, True, {'k': 1.5, 'e': []}]");
}

TEST_CASE("str of a text is the text, of all else its repr") {
  CHECK(python_str(*parse_json(R"("it's")")) == "it's");
  CHECK(python_str(*parse_json("[\"a\"]")) == "['a']");
}

TEST_CASE("upper case follows all of Unicode") {
  CHECK(python_upper("lr-x.1") == "LR-X.1");
  CHECK(python_upper("stra\xc3\x9f"
                     "e") == "STRASSE");
  CHECK(python_upper("\xef\xac\x81") == "FI");                    // the ligature fi
  CHECK(python_upper("\xc5\x89") == "\xca\xbcN");                 // n with apostrophe
  CHECK(python_upper("\xc4\xb1") == "I");                         // dotless i
  CHECK(python_upper("\xf0\x90\x90\xa8") == "\xf0\x90\x90\x80");  // Deseret
  CHECK(python_upper("\xc4\x81\xc4\x80\xc4\xbe") == "\xc4\x80\xc4\x80\xc4\xbd");
}

TEST_CASE("a shell reads a quoted word back") {
  CHECK(shell_quote("a-b_c/d.e:f=g@h%i+j,k") == "a-b_c/d.e:f=g@h%i+j,k");
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("a b") == "'a b'");
  CHECK(shell_quote("it's") == "'it'\"'\"'s'");
  CHECK(shell_quote("\xc3\xa9") == "'\xc3\xa9'");
}

TEST_CASE("bytes of the system survive as lone surrogates") {
  const std::string bytes = "a\xff\xc3\xa9\xe2\x82";
  CHECK(dump_json(Json::text(from_system(bytes))) == R"("a\udcff\u00e9\udce2\udc82")");
  CHECK(*to_system(from_system(bytes)) == bytes);
}

TEST_CASE("what no variable can hold is refused") {
  CHECK_FALSE(to_system(std::string_view("a\0b", 3)).has_value());
  CHECK_FALSE(to_system(parse_json(R"("\ud800")")->characters()).has_value());
  CHECK(to_system("\xed\x9f\xbf").has_value());  // U+D7FF, just below
}

TEST_CASE("invalid bytes become one replacement for each maximal piece") {
  const std::string mark = "\xef\xbf\xbd";
  CHECK(replace_invalid("a\xff\xe2\x82z") == "a" + mark + mark + "z");
  CHECK(replace_invalid("\xed\xa0\x80") == mark + mark + mark);
  CHECK(replace_invalid("\xc0\x80\xf5") == mark + mark + mark);
  CHECK(replace_invalid("\xf0\x9f\x98\x80") == "\xf0\x9f\x98\x80");
}

TEST_CASE("a log shows surrogates escaped and leaves other bytes alone") {
  CHECK(escape_surrogates("x\xed\xb2\x80y\xff\xed\x9f\xbf\xed") == "x\\udc80y\xff\xed\x9f\xbf\xed");
}
