#pragma once
/// What of a script's output goes into its failure text.
///
/// Source: sagemaker-training 5.1.4's process.watch(): from the first line that holds the name of a
/// Python error on, every line. Two differences on purpose: lines are whole however they were
/// written, and of a long output the last 64 KiB are kept, from a line with such a name on.

#include <string>
#include <string_view>

namespace trainyard::toolkit {

class ErrorCapture {
public:
  static constexpr std::size_t kept_bytes_max = 64 << 10;

  /// `error_class` is a name to look for besides Python's own.
  explicit ErrorCapture(std::string_view error_class) : error_class_(error_class) {}

  /// The next bytes of output. Constant time a line, whatever came before.
  void feed(std::string_view bytes);
  /// The text for ErrorMessage. Call when the output has ended.
  std::string finish();

private:
  bool is_error(std::string_view line) const;
  std::size_t find_first_error(std::string_view lines) const;
  void take_lines(std::string_view lines);
  void keep(std::string_view lines);
  void cut(std::size_t to_bytes);

  std::string error_class_;
  std::string unfinished_;  // a line without its end yet; at most kept_bytes_max of it
  std::string kept_;        // whole lines
  bool started_ = false, was_cut_ = false;
};

}  // namespace trainyard::toolkit
