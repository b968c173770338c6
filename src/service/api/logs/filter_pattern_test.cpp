#include "service/api/logs/filter_pattern.hpp"

#include <doctest/doctest.h>

namespace trainyard::api {
namespace {

bool fits(std::string_view pattern, std::string_view line) {
  return parse_filter_pattern(pattern).value().fits(line);
}

// SEMANTICS L12
TEST_CASE("all words and quoted phrases must be there, case counting") {
  CHECK(fits("", "anything"));
  CHECK(fits("\"\"", "anything"));
  CHECK(fits("loss", "the loss: 1"));
  CHECK_FALSE(fits("Loss", "the loss: 1"));
  CHECK(fits("1 loss", "the loss: 1"));
  CHECK(fits("\"loss: 1\"", "the loss: 1"));
  CHECK_FALSE(fits("\"1 loss\"", "the loss: 1"));
  CHECK(fits(R"("\"loss\": 1" a-b x?y)", R"({"loss": 1} a-b x?y)"));
  CHECK(fits(R"("C:\\d")", R"(C:\d)"));
}

// SEMANTICS L12
TEST_CASE("- is for what must not be there, ? for one of several") {
  CHECK(fits("ERROR -Exiting", "ERROR here"));
  CHECK_FALSE(fits("ERROR -Exiting", "ERROR Exiting"));
  CHECK_FALSE(fits("-\"in order\"", "all in order"));
  CHECK(fits("-debug", "info"));
  CHECK(fits("?ERROR ?\"a warning\"", "a warning"));
  CHECK_FALSE(fits("?ERROR ?WARN", "info"));
}

// SEMANTICS L13
TEST_CASE("the rest of the language is refused, wherever it stands") {
  for (const char* pattern :
       {"{ $.loss > 1 }", "[a, b]", "%re%", "word %re%", "word -%re%", "tail ?x", "?x tail",
        "?x -y", "\"no end", "-\"no end", "-", "a - b", "?"}) {
    CAPTURE(pattern);
    const auto parsed = parse_filter_pattern(pattern);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == "InvalidParameterException");
  }
}

}  // namespace
}  // namespace trainyard::api
