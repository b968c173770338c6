#include "wire/instance/report_log.hpp"

#include "wire/json.hpp"

namespace trainyard::wire {

Result<ParsedReports> parse_reports(std::string_view text) {
  ParsedReports out;
  for (;;) {
    const std::size_t newline = text.find('\n', out.whole_bytes);
    if (newline == std::string_view::npos) return out;
    auto report = decode<Report>(text.substr(out.whole_bytes, newline - out.whole_bytes));
    if (!report)
      return fail(ErrorKind::invalid, "InternalFailure",
                  "read report.log: line " + std::to_string(out.reports.size() + 1) +
                      " is no report: " + report.error().message);
    if (report->Number != std::int64_t(out.reports.size()) + 1)
      return fail(ErrorKind::invalid, "InternalFailure",
                  "read report.log: report " + std::to_string(report->Number) +
                      " stands at place " + std::to_string(out.reports.size() + 1));
    out.reports.push_back(std::move(*report));
    out.whole_bytes = newline + 1;
  }
}

}  // namespace trainyard::wire
