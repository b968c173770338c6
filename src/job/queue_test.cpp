#include "job/queue.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace trainyard::job;

namespace {
constexpr std::uint64_t gib = 1u << 30;
Resources cpus(double n) {
  return {n, std::uint64_t(n) * gib, 0};
}
TEST_CASE("fractions of cores that were given back are whole again") {
  Queue queue({1, 0, 0});
  queue.add("a", "1", {0.2, 0, 0});
  queue.add("b", "2", {0.6, 0, 0});
  CHECK(queue.admit().size() == 2);
  queue.add("c", "3", {1, 0, 0});
  queue.remove("a");
  queue.remove("b");
  CHECK(queue.admit() == std::vector<std::string>{"c"});
}

}  // namespace

// SEMANTICS J5
TEST_CASE("jobs begin in the order they came, as long as each fits") {
  Queue queue(cpus(4));
  queue.add("b", "2", cpus(2));
  queue.add("a", "1", cpus(2));
  queue.add("c", "3", cpus(1));
  CHECK(queue.admit() == std::vector<std::string>{"a", "b"});
  CHECK(queue.free() == cpus(0));
  CHECK(queue.admit().empty());
}

// SEMANTICS J5
TEST_CASE("the first that does not fit makes all behind it wait, small ones too") {
  Queue queue(cpus(4));
  queue.add("a", "1", cpus(3));
  queue.add("b", "2", cpus(2));
  queue.add("c", "3", cpus(1));
  CHECK(queue.admit() == std::vector<std::string>{"a"});
  queue.remove("a");
  CHECK(queue.admit() == std::vector<std::string>{"b", "c"});
}

TEST_CASE("each resource binds by itself") {
  const Resources machine{4, 8 * gib, 1};
  CHECK(fits({4, 8 * gib, 1}, machine));
  CHECK_FALSE(fits({4.5, 1, 0}, machine));
  CHECK_FALSE(fits({1, 8 * gib + 1, 0}, machine));
  CHECK_FALSE(fits({1, 1, 2}, machine));
}

TEST_CASE("a job that is known already is not queued twice") {
  Queue queue(cpus(4));
  queue.add("a", "1", cpus(4));
  queue.add("a", "2", cpus(1));
  CHECK(queue.admit() == std::vector<std::string>{"a"});
  queue.add("a", "1", cpus(4));
  CHECK(queue.admit().empty());
  queue.hold("a", cpus(4));
  queue.remove("a");
  CHECK(queue.free() == cpus(4));
}

TEST_CASE("forgetting ends waiting only; removing frees what is held; strangers change nothing") {
  Queue queue(cpus(2));
  queue.add("a", "1", cpus(2));
  queue.add("b", "2", cpus(2));
  CHECK(queue.admit() == std::vector<std::string>{"a"});
  CHECK_FALSE(queue.forget("a"));
  CHECK(queue.free() == cpus(0));
  CHECK(queue.forget("b"));
  queue.remove("stranger");
  queue.remove("a");
  queue.remove("a");
  CHECK(queue.free() == queue.capacity());
  CHECK(queue.admit().empty());
}

TEST_CASE("a machine that shrank below what is held frees nothing too early") {
  Queue queue(cpus(4));
  queue.hold("a", cpus(3));
  queue.hold("b", cpus(3));
  CHECK(queue.free() == cpus(0));
  queue.remove("a");
  CHECK(queue.free() == cpus(1));
  queue.remove("b");
  CHECK(queue.free() == cpus(4));
}

// SEMANTICS J6
TEST_CASE("a waiting job can say what it waits for") {
  Queue queue({4, 8 * gib, 0});
  queue.add("a", "1", {4, 8 * gib, 0});
  CHECK(queue.admit().size() == 1);
  queue.add("b", "2", {2, 9 * gib, 1});
  queue.add("c", "3", {1, gib, 0});
  CHECK(queue.why("a") == "");
  CHECK(queue.why("b") == "waits for capacity: 0 of 2 cores, 0.0 of 9.0 GiB, 0 of 1 GPUs free, "
                          "held by 1 running job");
  CHECK(queue.why("c") == "waits behind 1 job; the first of them needs more than is free (0 of 2 "
                          "cores, 0.0 of 9.0 GiB, 0 of 1 GPUs)");
}

// SEMANTICS J5
TEST_CASE("whatever happens, no more is held than there is and none overtakes") {
  std::mt19937 random(7);
  Queue queue({8, 64 * gib, 2});
  std::vector<std::string> running;
  int made = 0, last = -1;
  for (int i = 0; i < 5000; ++i) {
    if (random() % 2) {
      const Resources need{double(1 + random() % 8), (1 + random() % 64) * gib,
                           std::int64_t(random() % 3)};
      const std::string id = std::to_string(made++);
      queue.add(id, std::string(8 - id.size(), '0') + id, need);
    } else if (!running.empty()) {
      const std::size_t n = random() % running.size();
      queue.remove(running[n]);
      running.erase(running.begin() + std::ptrdiff_t(n));
    }
    for (const auto& id : queue.admit()) {
      CHECK(std::stoi(id) > last);
      last = std::stoi(id);
      running.push_back(id);
    }
    const auto free = queue.free();
    REQUIRE((free.cpus >= 0 && free.memory_bytes <= 64 * gib && free.gpus >= 0));
  }
  for (const auto& id : running)
    queue.remove(id);
  while (!queue.admit().empty()) {
  }
  CHECK(last > 500);
}
