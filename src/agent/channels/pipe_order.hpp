#pragma once
/// In which order a channel's objects come in Pipe mode.

#include <cstdint>
#include <optional>
#include <vector>

namespace trainyard::agent {

/// 0 to count-1: as they are, or shuffled by seed and epoch, the same on every machine. Pure.
std::vector<std::uint32_t> pipe_order(std::uint32_t count, std::optional<std::int64_t> seed,
                                      std::uint64_t epoch);

}  // namespace trainyard::agent
