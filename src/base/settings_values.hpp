#pragma once
/// What the value of a setting may be, in the settings file and on the command line. An error says
/// what is accepted.

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace trainyard {

/// Twelve digits.
Result<std::string> read_account(std::string_view text);

/// One of AWS's regions.
Result<std::string> read_region(std::string_view text);

/// "HOST:PORT" with an IPv4 address; localhost becomes 127.0.0.1.
Result<std::string> read_address(std::string_view text);

/// "http[s]://HOST[:PORT]", without a path.
Result<std::string> read_endpoint(std::string_view text);

/// "http[s]://HOST[:PORT][/PATH]".
Result<std::string> read_url(std::string_view text);

/// "30d", "12h": from an hour to ten years.
Result<std::chrono::seconds> parse_age(std::string_view text);

/// "16GiB", "512 MiB", "1024" -> bytes.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace trainyard
