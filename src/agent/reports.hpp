#pragma once
/// report.log: what this instance has told, numbered by line from 1, on disk before it is sent.
/// Whoever holds the instance's lock may append; the service reads it when the agent is dead.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "wire/instance/messages.hpp"

#include <vector>

namespace trainyard::agent {

class ReportLog {
public:
  /// Opens or makes DIRECTORY/report.log. A torn last line (a crash came) is cut off.
  static Result<ReportLog> open(const os::Path& directory);

  /// Numbers the report, writes and fsyncs it.
  Result<wire::Report> append(wire::Report report);
  const std::vector<wire::Report>& all() const { return reports_; }

private:
  ReportLog(os::Fd fd, std::vector<wire::Report> reports)
      : fd_(std::move(fd)), reports_(std::move(reports)) {}
  os::Fd fd_;
  std::vector<wire::Report> reports_;
};

}  // namespace trainyard::agent
