#include "agent/channels/pipe_order.hpp"

#include <numeric>
#include <random>
#include <utility>

namespace trainyard::agent {

std::vector<std::uint32_t> pipe_order(std::uint32_t count, std::optional<std::int64_t> seed,
                                      std::uint64_t epoch) {
  std::vector<std::uint32_t> out(count);
  std::iota(out.begin(), out.end(), 0u);
  if (!seed) return out;
  // The standard fixes what this generator and seed_seq yield, not what std::shuffle makes of it.
  std::seed_seq seeds{std::uint32_t(*seed), std::uint32_t(std::uint64_t(*seed) >> 32),
                      std::uint32_t(epoch), std::uint32_t(epoch >> 32)};
  std::mt19937_64 random(seeds);
  for (std::uint32_t left = count; left > 1; --left)
    std::swap(out[left - 1], out[random() % left]);
  return out;
}

}  // namespace trainyard::agent
