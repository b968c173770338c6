#include "agent/channels/pipe_order.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace trainyard::agent {

// SEMANTICS D22
TEST_CASE("a seed gives each epoch an order of its own, the same everywhere") {
  using Order = std::vector<std::uint32_t>;
  CHECK(pipe_order(4, {}, 3) == Order{0, 1, 2, 3});
  CHECK(pipe_order(0, 1, 0).empty());
  CHECK(pipe_order(1, 1, 0) == Order{0});
  const Order first = pipe_order(100, 42, 0);
  CHECK(first == pipe_order(100, 42, 0));
  CHECK(first != pipe_order(100, 42, 1));
  CHECK(first != pipe_order(100, 43, 0));
  CHECK(first != pipe_order(100, -42, 0));
  Order sorted = first;
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == pipe_order(100, {}, 0));
  CHECK(pipe_order(6, 42, 0) == Order{1, 5, 2, 0, 3, 4});
}

}  // namespace trainyard::agent
