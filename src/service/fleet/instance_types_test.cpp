#include "service/fleet/instance_types.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace trainyard::fleet {
namespace {

// SEMANTICS J38
TEST_CASE("a type of the table has the table's size") {
  const auto p4d = instance_size("ml.p4d.24xlarge");
  CHECK(p4d.cpus == 96);
  CHECK(p4d.memory_bytes == 1152ull << 30);
  CHECK(p4d.gpus == 8);
  CHECK(instance_size("ml.m5.large").cpus == 2);
}

// SEMANTICS J38
TEST_CASE("a type the table lacks is sized by its name") {
  const auto m99 = instance_size("ml.m99.4xlarge");
  CHECK(m99.cpus == 16);
  CHECK(m99.memory_bytes == 64ull << 30);
  CHECK(m99.gpus == 0);
  CHECK(instance_size("ml.c99.xlarge").memory_bytes == 8ull << 30);
  CHECK(instance_size("ml.r99.xlarge").memory_bytes == 32ull << 30);
  CHECK(instance_size("ml.p99.16xlarge").gpus == 8);
  CHECK(instance_size("ml.g99.xlarge").gpus == 1);
  CHECK(instance_size("").cpus == 2);
  for (const char* huge : {"ml.m5.1e30xlarge", "ml.m5.99999999999999999999xlarge"}) {
    CHECK(instance_size(huge).cpus == 4000);
    CHECK(instance_size(huge).memory_bytes == 16000ull << 30);
  }
}

TEST_CASE("the types of the table are known by name") {
  const auto known = known_types();
  CHECK(known.size() > 100);
  CHECK(std::find(known.begin(), known.end(), "ml.p4d.24xlarge") != known.end());
}

}  // namespace
}  // namespace trainyard::fleet
