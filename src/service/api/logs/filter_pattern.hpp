#pragma once
/// The part of the service's filter language that is offered: words and "quoted phrases", case
/// counting. Pure.

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::api {

/// What a line must have to be found.
struct FilterPattern {
  std::vector<std::string> all;   ///< ERROR "out of memory"
  std::vector<std::string> any;   ///< ?ERROR ?WARN: one of them, if there is any
  std::vector<std::string> none;  ///< -DEBUG

  bool fits(std::string_view line) const;
};

/// InvalidParameterException for what is not offered (JSON, columns, regular expressions, `?`
/// beside other terms) and for a phrase without an end.
Result<FilterPattern> parse_filter_pattern(std::string_view text);

}  // namespace trainyard::api
