#pragma once
/// report.log: what this instance has told, numbered by line from 1, on disk before it is sent.
/// Whoever holds the instance's lock may append; the service reads it when the agent is dead.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "wire/instance/messages.hpp"

#include <string_view>
#include <vector>

namespace trainyard::agent {

class ReportLog {
public:
  /// Opens or makes DIRECTORY/report.log. A torn last line (a crash came) is cut off.
  static Result<ReportLog> open(const os::Path& directory);

  /// Numbers the report, writes and fsyncs it. What could not be kept whole is taken back.
  Result<wire::Report> append(wire::Report report);
  /// One that append() could not keep: numbered, to be told all the same. Nothing is appended
  /// behind it.
  void remember(wire::Report report);
  const std::vector<wire::Report>& all() const { return reports_; }
  bool has(std::string_view kind) const;

private:
  ReportLog(os::Fd fd, std::size_t bytes, std::vector<wire::Report> reports)
      : fd_(std::move(fd)), bytes_(bytes), reports_(std::move(reports)) {}
  os::Fd fd_;
  std::size_t bytes_;           // kept so far
  bool has_unwritten_ = false;  // the file lacks a report
  std::vector<wire::Report> reports_;
};

}  // namespace trainyard::agent
