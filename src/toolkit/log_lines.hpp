#pragma once
/// The toolkit's own lines in the job's log, on standard error, worded and laid out as the Python
/// toolkit's: "2026-11-24 09:43:44,830 sagemaker-training-toolkit INFO     Invoking user script".
/// People and log filters know them. Each record is one write(). Not thread-safe.

#include "base/clock.hpp"

#include <string_view>

namespace trainyard::toolkit {

class LogLines {
public:
  /// The loggers that the Python packages use.
  static constexpr std::string_view toolkit = "sagemaker-training-toolkit";
  static constexpr std::string_view entry_point = "sagemaker_training.entry_point";
  static constexpr std::string_view pytorch = "sagemaker_pytorch_container.training";

  explicit LogLines(const Clock& clock, int fd = 2) : clock_(clock), fd_(fd) {}

  /// Records below `level` (Python's numbers: 20 is INFO) are dropped. Until this is called only
  /// warnings and errors are written, bare.
  void configure(long long level) {
    level_ = level;
    configured_ = true;
  }
  void info(std::string_view message, std::string_view logger = toolkit) const {
    write(20, "INFO", message, logger);
  }
  void warning(std::string_view message, std::string_view logger = toolkit) const {
    write(30, "WARNING", message, logger);
  }
  void error(std::string_view message, std::string_view logger = toolkit) const {
    write(40, "ERROR", message, logger);
  }

private:
  void write(int level, std::string_view name, std::string_view message,
             std::string_view logger) const;

  const Clock& clock_;
  int fd_;
  long long level_ = 30;
  bool configured_ = false;
};

}  // namespace trainyard::toolkit
