#include "wire/instance/log_index.hpp"

#include <doctest/doctest.h>

namespace trainyard::wire {
namespace {

std::vector<LogEvent> cut(std::string_view bytes, bool at_end, std::uint64_t* end = nullptr) {
  std::vector<LogEvent> out;
  const auto behind = cut_lines(bytes, 100, {{105, 1000}, {120, 2000}}, at_end, [&](LogEvent e) {
    out.push_back(std::move(e));
    return true;
  });
  if (end) *end = behind;
  return out;
}

// SEMANTICS L9
TEST_CASE("lines take the time of the batch their first byte came in") {
  const auto events = cut("abc\nde\nf\n", false);
  REQUIRE(events.size() == 3);
  CHECK(events[0].text == "abc");
  CHECK(events[0].offset == 100);
  CHECK(to_ms(events[0].time) == 1000);
  CHECK(to_ms(events[1].time) == 1000);
  CHECK(to_ms(events[2].time) == 2000);
}

// SEMANTICS L8
TEST_CASE("a line without newline waits for its rest unless the log is at its end") {
  std::uint64_t end = 0;
  CHECK(cut("abc\nde", false, &end).size() == 1);
  CHECK(end == 104);
  CHECK(cut("abc\nde", true, &end).size() == 2);
  CHECK(end == 106);
}

// SEMANTICS L5
TEST_CASE("a line of megabytes is cut into events and loses no byte") {
  const std::string line(event_bytes_max * 2 + 5, 'x');
  std::string joined;
  for (const auto& e : cut(line + "\n", false))
    joined += e.text;
  CHECK(joined == line);
}

TEST_CASE("bytes behind the last record count as of its time, a torn record is left out") {
  CHECK(to_ms(time_of(5000, {{105, 1000}})) == 1000);
  const std::string bytes = encode_record({7, -3}) + "torn";
  const auto records = decode_records(bytes);
  REQUIRE(records.size() == 1);
  CHECK(records[0].end == 7);
  CHECK(records[0].ms == -3);
}

}  // namespace
}  // namespace trainyard::wire
