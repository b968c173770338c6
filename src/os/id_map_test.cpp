#include "os/id_map.hpp"

#include <doctest/doctest.h>

namespace trainyard::os {
namespace {

constexpr const char* whole = "         0          0 4294967295\n";

// SEMANTICS J64
TEST_CASE("two ids change places and all others stay") {
  CHECK(swapping_map(whole, 1000, 996) ==
        "0 0 996\n996 1000 1\n997 997 3\n1000 996 1\n1001 1001 4294966294\n");
  CHECK(swapping_map(whole, 996, 1000) == swapping_map(whole, 1000, 996));
  CHECK(swapping_map(whole, 0, 1) == "0 1 1\n1 0 1\n2 2 4294967293\n");
  CHECK(swapping_map(whole, 7, 7) == "0 0 7\n7 7 1\n8 8 4294967287\n");
}

TEST_CASE("only ids of this namespace can") {
  constexpr const char* two = "0 100000 1000\n2000 300000 10\n";
  CHECK(swapping_map(two, 5, 2003) ==
        "0 0 5\n5 2003 1\n6 6 994\n2000 2000 3\n2003 5 1\n2004 2004 6\n");
  CHECK(swapping_map(two, 5, 1500).empty());
  CHECK(swapping_map("", 0, 0).empty());
  CHECK(swapping_map("nonsense", 0, 0).empty());
}

}  // namespace
}  // namespace trainyard::os
