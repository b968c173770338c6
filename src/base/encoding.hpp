#pragma once
/// Text encodings used on the wire: hex, base64 and AWS's percent encoding. Pure.

#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard {

using Bytes = std::vector<std::uint8_t>;

/// Lower-case hexadecimal.
std::string hex(std::span<const std::uint8_t> bytes);
/// Accepts both cases; an odd length or another character is an error.
Result<Bytes> unhex(std::string_view text);

/// RFC 4648 with padding.
std::string base64(std::span<const std::uint8_t> bytes);
/// Strict: padding is required, no white space.
Result<Bytes> unbase64(std::string_view text);

/// AWS's rule (SigV4): everything but A-Z a-z 0-9 - . _ ~ becomes %XX, upper-case; `/` is kept when
/// `keep_slash`.
std::string percent_encode(std::string_view text, bool keep_slash);
/// Undoes %XX; `plus_is_space` for form bodies. A broken escape is an error.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Whether the bytes are UTF-8 (RFC 3629: shortest forms only, no surrogates).
bool is_utf8(std::string_view text);
/// The longest front part of UTF-8 text that has at most `bytes_max` bytes and ends between two
/// characters.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max);

}  // namespace trainyard
