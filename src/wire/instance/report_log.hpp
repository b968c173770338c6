#pragma once
/// The text of report.log: one report a line. Agent and service read it alike.

#include "base/result.hpp"
#include "wire/instance/messages.hpp"

#include <string_view>
#include <vector>

namespace trainyard::wire {

inline constexpr const char* report_file = "report.log";

struct ParsedReports {
  std::vector<Report> reports;
  std::size_t whole_bytes =
      0;  ///< where the last whole line ends; a torn one behind it is not counted
};
/// An error when a whole line is no report, or they are not numbered 1, 2, 3, ...
Result<ParsedReports> parse_reports(std::string_view text);

}  // namespace trainyard::wire
