#include "agent/fast_file/read_ahead.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace trainyard::agent;

namespace {

constexpr std::uint64_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;

}  // namespace

TEST_CASE("a reader that goes on is fetched ahead as far again as it has come") {
  ReadAhead reader;
  std::uint64_t until = 0, requests = 0;
  for (std::uint64_t at = 0; at < 256 * mib; at += 128 * kib) {
    const Range ahead = reader.on_read({at, at + 128 * kib}, gib);
    if (ahead.is_empty()) continue;
    CHECK(ahead.begin <= std::max(until, at + 128 * kib));  // no hole between
    until = ahead.end;
    ++requests;
    CHECK(until - at <= ReadAhead::window_max + 128 * kib);
    CHECK(until >= at + mib);
  }
  CHECK(until >= 256 * mib + ReadAhead::window_max / 2);
  CHECK(requests < 25);  // few and large
}

TEST_CASE("whoever jumps gets nothing ahead") {
  ReadAhead reader;
  (void)reader.on_read({0, 4096}, gib);
  for (const std::uint64_t at : {500 * mib, 100 * mib, 900 * mib, 300 * mib})
    CHECK(reader.on_read({at, at + 4096}, gib).is_empty());
}

TEST_CASE("behind a jump it begins small again") {
  ReadAhead reader;
  for (std::uint64_t at = 0; at < 100 * mib; at += mib)
    (void)reader.on_read({at, at + mib}, gib);
  CHECK(reader.on_read({500 * mib, 501 * mib}, gib).is_empty());
  const Range ahead = reader.on_read({501 * mib, 502 * mib}, gib);
  CHECK(ahead == Range{502 * mib, 506 * mib});
}

TEST_CASE("reads in nearly their order are one run") {
  ReadAhead reader;
  CHECK(reader.on_read({0, 256 * kib}, gib) == Range{256 * kib, 1280 * kib});
  CHECK(reader.on_read({512 * kib, 768 * kib}, gib) == Range{1280 * kib, 2304 * kib});
  CHECK(reader.on_read({256 * kib, 512 * kib}, gib).is_empty());  // late, and there already
  CHECK(reader.on_read({768 * kib, mib}, gib).is_empty());
}

TEST_CASE("nothing is wanted past the end") {
  ReadAhead reader;
  CHECK(reader.on_read({0, 100}, 5000) == Range{100, 5000});
  CHECK(reader.on_read({100, 5000}, 5000).is_empty());
}
