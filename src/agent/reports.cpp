#include "agent/reports.hpp"

#include "wire/instance/report_log.hpp"
#include "wire/json.hpp"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

namespace trainyard::agent {

Result<ReportLog> ReportLog::open(const os::Path& directory) {
  const os::Path path = directory / wire::report_file;
  os::Fd fd = TRY(os::open_file(path, O_RDWR | O_CREAT | O_APPEND));
  auto parsed = TRY(wire::parse_reports(TRY(os::read_file(path))));
  if (::ftruncate(fd.get(), off_t(parsed.whole_bytes)) != 0)
    return fail_errno("cut the torn end off " + path.string());
  TRY(os::sync_directory(directory));
  return ReportLog(std::move(fd), parsed.whole_bytes, std::move(parsed.reports));
}

Result<wire::Report> ReportLog::append(wire::Report report) {
  if (has_unwritten_)
    return fail_internal(std::string("write ") + wire::report_file + ": one before it was not");
  report.Number = std::int64_t(reports_.size()) + 1;
  const std::string line = wire::encode(report) + "\n";
  auto kept = os::write_all(fd_.get(), line, wire::report_file);
  if (kept) kept = os::sync_fd(fd_.get(), wire::report_file);
  if (!kept) {
    has_unwritten_ = ::ftruncate(fd_.get(), off_t(bytes_)) != 0;
    return Failure(kept.error());
  }
  bytes_ += line.size();
  reports_.push_back(report);
  return report;
}

void ReportLog::remember(wire::Report report) {
  has_unwritten_ = true;
  report.Number = std::int64_t(reports_.size()) + 1;
  reports_.push_back(std::move(report));
}

bool ReportLog::has(std::string_view kind) const {
  return std::any_of(reports_.begin(), reports_.end(),
                     [&](const wire::Report& report) { return report.Kind == kind; });
}

}  // namespace trainyard::agent
