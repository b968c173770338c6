#pragma once
/// The valid name that a wrong one is closest to: for "did you mean".

#include <span>
#include <string_view>

namespace trainyard {

/// Of `names`, the first of those with the least letters to change; "" if there are none.
std::string_view closest(std::string_view word, std::span<const std::string_view> names);

}  // namespace trainyard
