#include "wire/instance/log_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace trainyard::wire {
namespace {

std::vector<std::string> cut(std::string_view bytes, bool at_end, std::size_t* end = nullptr,
                             std::uint64_t offset = 0) {
  std::vector<std::string> out;
  std::size_t at = 0;
  bool begins_line = true;
  while (const auto event = first_event(bytes.substr(at), offset + at, begins_line, at_end)) {
    out.emplace_back(bytes.substr(at, event->text));
    at += event->whole;
    begins_line = event->whole > event->text;
  }
  if (end) *end = at;
  return out;
}

// SEMANTICS L5
TEST_CASE("an event is a line without its newline") {
  std::size_t end = 0;
  CHECK(cut("abc\n\nf\r\n", false, &end) == std::vector<std::string>{"abc", "", "f\r"});
  CHECK(end == 8);
}

// SEMANTICS L8
TEST_CASE("a line without newline waits for its rest unless the log is at its end") {
  std::size_t end = 0;
  CHECK(cut("abc\nde", false, &end).size() == 1);
  CHECK(end == 4);
  CHECK(cut("abc\nde", true, &end).size() == 2);
  CHECK(end == 6);
}

// SEMANTICS L5
TEST_CASE("a line of megabytes is cut into events and loses no byte") {
  const std::string line(event_bytes_max * 4 + 5, 'x');
  for (const std::uint64_t offset :
       {std::uint64_t(0), std::uint64_t(1), std::uint64_t(cut_bytes)}) {
    std::string joined;
    for (const auto& e : cut(line + "\n", false, nullptr, offset)) {
      CHECK(e.size() <= event_bytes_max);
      joined += e;
    }
    CHECK(joined == line);
  }
}

// SEMANTICS L5
TEST_CASE("a line that fits is one event wherever it lies") {
  const std::string line(event_bytes_max, 'x');
  for (std::uint64_t offset = 0; offset <= cut_bytes; offset += cut_bytes / 4)
    CHECK(cut(line + "\nnext\n", false, nullptr, offset) == std::vector<std::string>{line, "next"});
  CHECK(cut(line + "xx\n", false).size() == 2);
}

// SEMANTICS L5
TEST_CASE("a cut falls between two characters") {
  for (const std::string character : {"\xc3\xbc", "\xed\x95\x9c", "\xf0\x9f\x98\x80"})
    for (std::size_t before = event_bytes_max - 4; before <= event_bytes_max; ++before) {
      const std::string line = std::string(before, 'x') + character + std::string(9, 'y');
      const auto events = cut(line + "\n", false);
      REQUIRE(events.size() == 2);
      CHECK(events[0] + events[1] == line);
      const bool fits = before + character.size() <= event_bytes_max;
      CHECK(events[0].size() == (fits ? event_bytes_max : before));
      // The same when no more than that has come.
      CHECK(cut(line.substr(0, event_bytes_max + 1), false) == std::vector{events[0]});
    }
}

TEST_CASE("bytes that are no characters are cut where an event is full") {
  const std::string line(event_bytes_max + 9, '\x80');
  CHECK(cut(line + "\n", false)[0].size() == event_bytes_max);
}

// From any place the same events are found as from the log's begin.
TEST_CASE("where an event begins is known from the bytes before") {
  const std::string wide = "\xf0\x9f\x98\x80";
  std::string text = "short\n";
  for (const std::size_t length : {3 * cut_bytes, 6 * cut_bytes - 7, 7 * cut_bytes + 1}) {
    while (text.size() % 4 != length % 3)
      text += '\n';
    for (std::size_t i = 0; i < length; i += wide.size())
      text += wide;
    text += '\n';
  }
  text += std::string(10 * cut_bytes - text.size() % cut_bytes, 'x') + "\nlast\n";
  std::vector<std::uint64_t> begins{0};
  for (const auto& event : cut(text, false)) {
    const std::uint64_t end = begins.back() + event.size();
    begins.push_back(text[end] == '\n' ? end + 1 : end);
  }
  const auto looked = [&](std::uint64_t at) {
    const std::uint64_t from = at - std::min<std::uint64_t>(at, look_back_bytes);
    return event_begin(std::string_view(text).substr(from, at - from), at);
  };
  for (const std::uint64_t begin : begins)
    for (std::uint64_t at = begin - std::min<std::uint64_t>(begin, 9); at <= begin + 9; ++at) {
      if (at > text.size()) break;
      const std::uint64_t found = looked(at);
      CHECK(std::binary_search(begins.begin(), begins.end(), found));
      CHECK(found <= at);
    }
}

TEST_CASE("a record is 16 bytes, and a torn one is left out") {
  const std::string bytes = encode_record({7, -3}) + "torn";
  const auto records = decode_records(bytes);
  REQUIRE(records.size() == 1);
  CHECK(records[0].end == 7);
  CHECK(records[0].ms == -3);
}

}  // namespace
}  // namespace trainyard::wire
