#pragma once
/// Identifiers: 128 bits, ordered by time, 32 lower-case hex digits as text.

#include "base/clock.hpp"

#include <string>
#include <string_view>

namespace trainyard {

/// 48 bits of milliseconds, then 80 random bits from the kernel: sorts by creation.
std::string new_id(Time now);

/// `count` random bytes from the kernel, as hex: tokens and keys.
std::string random_hex(std::size_t count);

/// `length` random characters of `alphabet` (at most 256), without bias.
std::string random_text(std::size_t length, std::string_view alphabet);

}  // namespace trainyard
