#pragma once
/// The patterns of AWS's models, matched in linear time.

#include <string_view>

namespace trainyard::wire {

/// True if the whole of `text` matches. `expression` must outlive the program (a literal): compiled
/// patterns are kept by its address. Thread-safe. What AWS's patterns use and RE2 has not
/// (their two look-arounds, counts above 1,000) is checked beside it.
bool matches(const char* expression, std::string_view text);

}  // namespace trainyard::wire
