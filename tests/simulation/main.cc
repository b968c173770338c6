#include "world.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// simulation [--lives N] [--seed S]    plays worlds of 100 jobs from seed S on until N lives have
// ended simulation --replay S                the world of that seed, with all that happens in it

namespace {

constexpr int jobs_a_world = 100;

int replay(std::uint64_t seed) {
  trainyard::simulation::World world(seed,
                                     [](const std::string& line) { std::puts(line.c_str()); });
  const auto broken = world.play(jobs_a_world);
  if (!broken) return std::puts("every promise held"), 0;
  fmt::print("SEMANTICS {} is broken: {}\n", broken->promise, broken->what);
  return 1;
}

int play(std::int64_t lives, std::uint64_t seed, const char* program) {
  const auto began = std::chrono::steady_clock::now();
  std::int64_t ended = 0;
  for (; ended < lives; ended += jobs_a_world, ++seed) {
    trainyard::simulation::World world(seed, {});
    const auto broken = world.play(jobs_a_world);
    if (!broken) continue;
    fmt::print("SEMANTICS {} is broken: {}\nreplay: {} --replay {}\n", broken->promise,
               broken->what, program, seed);
    return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("{{\"lives\": {}, \"seconds\": {:.3f}, \"lives_per_s\": {:.0f}}}\n", ended,
             took.count(), double(ended) / took.count());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t lives = 100'000;
  std::uint64_t seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--replay") return replay(std::strtoull(argv[i + 1], nullptr, 10));
    if (flag == "--lives") lives = std::strtoll(argv[i + 1], nullptr, 10);
    if (flag == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  return play(lives, seed, argv[0]);
}
