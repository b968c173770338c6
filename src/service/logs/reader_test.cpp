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
  const auto r = s.open();
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
  const auto r = s.open();
  CHECK(joined(r.forward(0, {20, INT64_MAX}, 10).value()) == "c|");
  CHECK(joined(r.forward(0, {10, 20}, 10).value()) == "a|bb|");
  CHECK(joined(r.forward(0, {21, INT64_MAX}, 10).value()).empty());
}

TEST_CASE("backward gives the last events, oldest first") {
  Stream s;
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += std::to_string(i) + "\n";
  s.batch(many, 5);
  const auto r = s.open();
  const auto last = r.backward(r.size(), {}, 3).value();
  CHECK(joined(last) == "997|998|999|");
  CHECK(joined(r.backward(last.begin, {}, 2).value()) == "995|996|");
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
