#include "service/logs/reader.hpp"

#include <doctest/doctest.h>

#include <stdlib.h>

namespace trainyard::logs {
namespace {

struct Stream {
  os::Path path = [] {
    char name[] = "/tmp/trainyard-reader-XXXXXX";
    return os::Path(mkdtemp(name));
  }();
  std::string text, index;
  ~Stream() { CHECK(os::remove_tree(path)); }
  void batch(std::string_view bytes, std::int64_t ms) {
    text += bytes;
    index += wire::encode_record({text.size(), ms});
    REQUIRE(os::write_file(path / wire::log_file, text));
    REQUIRE(os::write_file(path / wire::index_file, index));
  }
  StreamReader open(bool complete = false) { return StreamReader::open(path, complete).value(); }
};

// By this process, of any file.
std::uint64_t bytes_read() {
  const std::string io = os::read_file("/proc/self/io").value();
  return std::stoull(io.substr(io.find("rchar: ") + 7));
}

std::string joined(const Page& page) {
  std::string out;
  for (const auto& e : page.events)
    out += e.text + "|";
  return out;
}

TEST_CASE("a stream without files is empty") {
  Stream s;
  CHECK(joined(s.open().forward(0, {}, 10).value()).empty());
}

// SEMANTICS L8, L10
TEST_CASE("pages follow one another without gap or overlap") {
  Stream s;
  s.batch("a\nb\nc\n", 1);
  s.batch("d\ne", 2);
  auto r = s.open();
  const auto first = r.forward(0, {}, 2).value();
  CHECK(joined(first) == "a|b|");
  const auto second = r.forward(first.end, {}, 10).value();
  CHECK(joined(second) == "c|d|");
  CHECK(joined(r.forward(second.end, {}, 10).value()).empty());
  CHECK(r.forward(second.end, {}, 10).value().end == second.end);
  CHECK(joined(s.open(true).forward(second.end, {}, 10).value()) == "e|");
}

TEST_CASE("times filter by the batch of a line's first byte") {
  Stream s;
  s.batch("a\nb", 10);
  s.batch("b\nc\n", 20);
  auto r = s.open();
  CHECK(joined(r.forward(0, {20, INT64_MAX}, 10).value()) == "c|");
  CHECK(joined(r.forward(0, {10, 20}, 10).value()) == "a|bb|");
  CHECK(joined(r.forward(0, {21, INT64_MAX}, 10).value()).empty());
}

// Every event, a page of one after the other.
std::string walked(StreamReader r, bool forward) {
  std::string out;
  std::uint64_t at = forward ? 0 : r.size();
  for (;;) {
    const Page page = forward ? r.forward(at, {}, 1).value() : r.backward(at, {}, 1).value();
    if (page.events.empty()) return out;
    REQUIRE(page.events.size() == 1);
    out = forward ? out + page.events[0].text + "|" : page.events[0].text + "|" + out;
    at = forward ? page.end : page.begin;
  }
}

// SEMANTICS L5, L10
TEST_CASE("pages that end within a long line lose no byte, forward and backward") {
  Stream s;
  const std::string half(wire::event_bytes_max - 1, 'x');
  s.batch(half + "\xed\x95\x9c" + half + "123\nlast\nhalf", 1);
  const std::string expected = half + "|\xed\x95\x9c" + half.substr(0, wire::cut_bytes - 2) + "|" +
                               half.substr(0, wire::cut_bytes) + "|x123|last|";
  CHECK(walked(s.open(), true) == expected);
  CHECK(walked(s.open(), false) == expected);
  CHECK(walked(s.open(true), true) == expected + "half|");
  CHECK(walked(s.open(true), false) == expected + "half|");
}

TEST_CASE("a page of a line without an end costs no more than another") {
  Stream s;
  s.batch("first\n" + std::string(20 << 20, 'x') + "end", 1);
  auto r = s.open(true);
  const std::uint64_t before = bytes_read();
  const auto page = r.backward(r.size(), {}, 3).value();
  REQUIRE(page.events.size() == 3);
  CHECK(page.events[2].text == "xxxxxxend");
  CHECK(page.events[1].text == std::string(wire::cut_bytes, 'x'));
  CHECK(page.begin == page.events[0].offset);
  CHECK(r.forward(page.begin, {}, 1).value().events[0].text == page.events[0].text);
  CHECK(bytes_read() - before < 5u << 20);
}

TEST_CASE("a page has about a megabyte, in both directions") {
  Stream s;
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += std::string(1000, 'x') + "\n";
  s.batch(text, 1);
  auto r = s.open();
  CHECK(r.forward(0, {}, 10'000).value().events.size() == 1023);
  const auto page = r.backward(r.size(), {}, 10'000).value();
  CHECK(page.events.size() == 1022);
  CHECK(page.end == r.size());
}

// SEMANTICS L10
TEST_CASE("who reads the last events and goes on from there sees the whole next line") {
  Stream s;
  s.batch("a\nb\nc", 1);
  auto before = s.open();
  const auto page = before.backward(before.size(), {}, 10).value();
  CHECK(joined(page) == "a|b|");
  s.batch("ontinued\n", 2);
  CHECK(joined(s.open().forward(page.end, {}, 10).value()) == "continued|");
}

TEST_CASE("a time within a long line begins with the line's next event") {
  Stream s;
  s.batch("old\n" + std::string(wire::event_bytes_max + 10, 'x'), 10);
  s.batch(std::string(wire::event_bytes_max, 'y') + "\nnew\n", 20);
  auto r = s.open();
  const auto all = r.forward(0, {}, 10).value();
  const auto late = r.forward(0, {20, INT64_MAX}, 10).value();
  REQUIRE(all.events.size() == 6);
  REQUIRE(late.events.size() == 3);
  CHECK(late.events[0].offset == all.events[3].offset);
  CHECK(late.events[0].text == all.events[3].text);
  CHECK(joined(r.backward(r.size(), {20, INT64_MAX}, 10).value()) == joined(late));
  CHECK(r.backward(r.size(), {0, 20}, 10).value().events.size() == 3);
}

TEST_CASE("backward gives the last events, oldest first") {
  Stream s;
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += std::to_string(i) + "\n";
  s.batch(many, 5);
  auto r = s.open();
  const auto last = r.backward(r.size(), {}, 3).value();
  CHECK(joined(last) == "997|998|999|");
  CHECK(joined(r.backward(last.begin, {}, 2).value()) == "995|996|");
}

TEST_CASE("what is answered costs what is on the page, not what is in the index") {
  Stream s;
  constexpr int records = 1'000'000;
  for (int i = 1; i <= records; ++i) {
    s.text += "x\n";
    s.index += wire::encode_record({s.text.size(), i});
  }
  REQUIRE(os::write_file(s.path / wire::log_file, s.text));
  REQUIRE(os::write_file(s.path / wire::index_file, s.index));
  const std::uint64_t before = bytes_read();
  auto r = s.open();
  CHECK(r.first_ms().value() == 1);
  CHECK(r.last_ms().value() == records);
  const auto page = r.forward(0, {500'000, INT64_MAX}, 10).value();
  CHECK(to_ms(page.events[0].time) == 500'000);
  CHECK(page.events[0].offset == 2 * 499'999);
  CHECK(to_ms(r.backward(r.size(), {}, 10).value().events[9].time) == records);
  const std::uint64_t cost = bytes_read() - before;
  CHECK(cost < s.index.size() / 2);
}

TEST_CASE("records that a power cut left as zeros are none") {
  Stream s;
  s.batch("a\n", 10);
  s.index += std::string(10 * wire::index_record_bytes, '\0');
  s.text += "b\n";
  REQUIRE(os::write_file(s.path / wire::log_file, s.text));
  REQUIRE(os::write_file(s.path / wire::index_file, s.index));
  auto r = s.open(true);
  CHECK(joined(r.forward(0, {}, 10).value()) == "a|b|");
  CHECK(r.last_ms().value() == 10);
}

// SEMANTICS L9
TEST_CASE("bytes that have no time yet are not shown while the job runs") {
  Stream s;
  s.batch("a\n", 1);
  REQUIRE(os::write_file(s.path / wire::log_file, "a\nb\n"));
  CHECK(joined(s.open().forward(0, {}, 10).value()) == "a|");
  CHECK(joined(s.open(true).forward(0, {}, 10).value()) == "a|b|");
}

}  // namespace
}  // namespace trainyard::logs
