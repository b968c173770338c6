#include "agent/reports.hpp"

#include "wire/instance/report_log.hpp"
#include "wire/json.hpp"

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
  return ReportLog(std::move(fd), std::move(parsed.reports));
}

Result<wire::Report> ReportLog::append(wire::Report report) {
  report.Number = std::int64_t(reports_.size()) + 1;
  TRY(os::write_all(fd_.get(), wire::encode(report) + "\n", wire::report_file));
  TRY(os::sync_fd(fd_.get(), wire::report_file));
  reports_.push_back(report);
  return report;
}

}  // namespace trainyard::agent
