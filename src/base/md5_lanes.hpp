#pragma once
/// MD5 of several texts side by side. Each step of MD5 waits for the one before it, so one text
/// leaves most of a core idle: eight in vector registers take half as long again as one.

#include "base/hash.hpp"

#include <cstdint>
#include <span>

namespace trainyard {

/// So many fit side by side.
constexpr std::size_t md5_lanes = 8;

/// A hash and the next bytes of its text.
struct Md5Input {
  Md5* hash;
  std::span<const std::uint8_t> bytes;
};

/// The same as an update() of each, which must all be different hashes. Fastest where all have
/// equally many bytes. Without AVX2 it is one after the other.
void update_side_by_side(std::span<const Md5Input> inputs);

}  // namespace trainyard
