#pragma once
/// The patterns of AWS's models, matched in linear time.

#include <string_view>

namespace trainyard::wire {

/// True if the whole of `text` matches. `expression` must outlive the program (a literal): compiled
/// patterns are kept by its address. Thread-safe. The few AWS patterns with a look-ahead, which RE2
/// has not, are checked in C++ under their own text.
bool matches(const char* expression, std::string_view text);

}  // namespace trainyard::wire
