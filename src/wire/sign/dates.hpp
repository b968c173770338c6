#pragma once
/// The forms of time that a signed request may carry.

#include "base/clock.hpp"

#include <optional>
#include <string_view>

namespace trainyard::wire {

/// Reads "20261123T192652Z", or nothing.
std::optional<Time> parse_amz_date(std::string_view text);

/// Reads "Mon, 23 Nov 2026 19:26:52 GMT" (RFC 7231's preferred form; the week day is not checked
/// against the date), or nothing.
std::optional<Time> parse_http_date(std::string_view text);

/// Reads "2026-11-23T19:26:52Z", with or without a fraction of a second, which is dropped beyond
/// milliseconds; or nothing.
std::optional<Time> parse_iso8601(std::string_view text);

}  // namespace trainyard::wire
