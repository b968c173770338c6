#include "agent/fast_file/block_map.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace trainyard::agent;

namespace {

constexpr std::uint64_t block = BlockMap::block_bytes;

Range blocks(std::uint64_t begin, std::uint64_t end) {
  return {begin * block, end * block};
}

}  // namespace

TEST_CASE("what is wanted for later is taken by whoever cannot wait, and fetched by one alone") {
  BlockMap map(8 * block);
  CHECK(map.take(blocks(0, 8), false) == std::vector{blocks(0, 8)});
  CHECK(map.take(blocks(2, 3), true) == std::vector{blocks(2, 3)});
  CHECK(map.take(blocks(2, 3), true).empty());
  CHECK(map.begin(blocks(0, 8)) == std::vector{blocks(0, 2), blocks(3, 8)});
  CHECK(map.begin(blocks(0, 8)).empty());
}

TEST_CASE("what was let go is missing, whatever else comes meanwhile") {
  BlockMap map(8 * block);
  (void)map.take(blocks(0, 8), false);
  (void)map.take(blocks(2, 3), true);
  const auto rest = map.begin(blocks(0, 8));
  map.came(blocks(2, 3), true);
  CHECK(map.drop(blocks(2, 3)) == std::vector{blocks(2, 3)});
  for (const Range& run : rest)
    map.came(run, true);
  CHECK_FALSE(map.has(blocks(2, 3)));
  CHECK_FALSE(map.is_whole());
  // Asked for again, it is nobody's but the one's who brings it: nothing is let go of it.
  CHECK(map.take(blocks(2, 3), true) == std::vector{blocks(2, 3)});
  CHECK(map.drop(blocks(0, 4)) == std::vector{blocks(0, 2), blocks(3, 4)});
  map.came(blocks(2, 3), true);
  CHECK(map.has(blocks(2, 3)));
}

TEST_CASE("what did not come may be asked for again; the last block is as long as the object") {
  BlockMap map(2 * block + 7);
  CHECK(map.take({0, 2 * block + 7}, true) == std::vector<Range>{{0, 2 * block + 7}});
  map.came({0, 2 * block + 7}, false);
  CHECK(map.take({2 * block, 2 * block + 1}, true) ==
        std::vector<Range>{{2 * block, 2 * block + 7}});
  map.came({2 * block, 2 * block + 7}, true);
  CHECK(map.has({2 * block + 3, 2 * block + 7}));
  CHECK(bytes_in(map.drop({0, 2 * block + 7})) == 7);
}

TEST_CASE(
    "whatever the order, each block is fetched by one, and there is what came and was not let go") {
  std::mt19937 random(11);
  constexpr std::uint64_t count = 100;
  BlockMap map(count * block);
  std::vector<Range> queued, fetched;
  std::vector<int> fetchers(count, 0);
  std::vector<bool> there(count, false);
  const auto each = [](const Range& range, const auto& act) {
    for (std::uint64_t n = range.begin / block; n < range.end / block; ++n)
      act(n);
  };
  const auto give_out = [&](const std::vector<Range>& runs) {
    for (const Range& run : runs) {
      REQUIRE(run.end - run.begin <= BlockMap::part_bytes);
      each(run, [&](std::uint64_t n) { REQUIRE((++fetchers[n] == 1 && !there[n])); });
      fetched.push_back(run);
    }
  };
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t a = random() % count, b = a + 1 + random() % (count - a);
    switch (random() % 5) {
    case 0:
      give_out(map.take(blocks(a, b), true));
      break;
    case 1:
      for (const Range& run : map.take(blocks(a, b), false))
        queued.push_back(run);
      break;
    case 2:
      if (queued.empty()) break;
      give_out(map.begin(queued.back()));
      queued.pop_back();
      break;
    case 3: {
      if (fetched.empty()) break;
      const std::size_t at = random() % fetched.size();
      const bool well = random() % 4 != 0;
      each(fetched[at], [&](std::uint64_t n) { --fetchers[n], there[n] = well; });
      map.came(fetched[at], well);
      fetched.erase(fetched.begin() + std::ptrdiff_t(at));
      break;
    }
    default:
      for (const Range& run : map.drop(blocks(a, b)))
        each(run, [&](std::uint64_t n) {
          REQUIRE(there[n]);
          there[n] = false;
        });
    }
    for (std::uint64_t n = 0; n < count; ++n)
      REQUIRE(map.has(blocks(n, n + 1)) == there[n]);
  }
}
