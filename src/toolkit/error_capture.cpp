#include "toolkit/error_capture.hpp"

#include "toolkit/python_text.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>

namespace trainyard::toolkit {
namespace {

// Every name below holds one of these: a search for them rules most output out at once.
constexpr std::array<std::string_view, 5> hints = {"Error", "Exception", "Invalid requirement",
                                                   "mpirun.real", "ORTE"};

// A name that contains another one of the list ("BlockingIOError") needs no entry of its own.
constexpr auto names = std::to_array<std::string_view>({"Exception",
                                                        "ArithmeticError",
                                                        "AssertionError",
                                                        "AttributeError",
                                                        "BrokenPipeError",
                                                        "BufferError",
                                                        "ChildProcessError",
                                                        "ConnectionAbortedError",
                                                        "ConnectionError",
                                                        "ConnectionRefusedError",
                                                        "ConnectionResetError",
                                                        "EOFError",
                                                        "EnvironmentError",
                                                        "FileExistsError",
                                                        "FileNotFoundError",
                                                        "FloatingPointError",
                                                        "IOError",
                                                        "ImportError",
                                                        "IndentationError",
                                                        "IndexError",
                                                        "InterruptedError",
                                                        "IsADirectoryError",
                                                        "KeyError",
                                                        "LookupError",
                                                        "MemoryError",
                                                        "ModuleNotFoundError",
                                                        "NameError",
                                                        "NotADirectoryError",
                                                        "NotImplementedError",
                                                        "OSError",
                                                        "OverflowError",
                                                        "PermissionError",
                                                        "RecursionError",
                                                        "ReferenceError",
                                                        "RuntimeError",
                                                        "SyntaxError",
                                                        "SystemError",
                                                        "TabError",
                                                        "TimeoutError",
                                                        "TypeError",
                                                        "UnboundLocalError",
                                                        "UnicodeDecodeError",
                                                        "UnicodeEncodeError",
                                                        "UnicodeError",
                                                        "UnicodeTranslateError",
                                                        "ValueError",
                                                        "ZeroDivisionError",
                                                        "Invalid requirement",
                                                        "ResourceExhaustedError",
                                                        "OutOfRangeError",
                                                        "InvalidArgumentError",
                                                        "mpirun.real",
                                                        "ORTE"});

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

std::string_view strip(std::string_view text, std::string_view characters) {
  const std::size_t first = text.find_first_not_of(characters);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(characters) - first + 1);
}

// Calls `use` with each piece between line ends, the last one also where it is empty.
template <class Use> void each_line(std::string_view text, Use use) {
  for (;;) {
    const std::size_t end = text.find('\n');
    use(text.substr(0, end));
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

bool ErrorCapture::is_error(std::string_view line) const {
  const auto is_in_line = [&](std::string_view name) { return has(line, name); };
  return std::any_of(names.begin(), names.end(), is_in_line) ||
         (!error_class_.empty() && has(line, error_class_));
}

// Where the first line with an error begins in whole lines, or npos.
std::size_t ErrorCapture::find_first_error(std::string_view lines) const {
  std::size_t from = 0;
  while (from < lines.size()) {
    std::size_t hit = lines.npos;
    for (const std::string_view hint : hints)
      hit = std::min(hit, lines.substr(0, hit).find(hint, from));
    if (hit == lines.npos) return hit;
    const std::size_t start = hit == 0 ? 0 : lines.rfind('\n', hit) + 1;
    const std::size_t end = lines.find('\n', hit);
    if (is_error(lines.substr(start, end - start))) return start;
    if (end == lines.npos) return end;
    from = end + 1;
  }
  return lines.npos;
}

void ErrorCapture::feed(std::string_view bytes) {
  const std::size_t last = bytes.rfind('\n');
  if (last == bytes.npos) {
    unfinished_ += bytes.substr(0, kept_bytes_max - std::min(kept_bytes_max, unfinished_.size()));
    return;
  }
  if (!unfinished_.empty()) {
    const std::size_t first = bytes.find('\n');
    unfinished_ += bytes.substr(0, kept_bytes_max - std::min(kept_bytes_max, unfinished_.size()))
                       .substr(0, first);
    unfinished_ += '\n';
    take_lines(unfinished_);
    unfinished_.clear();
    take_lines(bytes.substr(first + 1, last - first));
  } else {
    take_lines(bytes.substr(0, last + 1));
  }
  unfinished_ = bytes.substr(last + 1).substr(0, kept_bytes_max);
}

void ErrorCapture::take_lines(std::string_view lines) {
  if (!started_) {
    const std::size_t start = find_first_error(lines);
    if (start == lines.npos) return;
    started_ = true;
    lines.remove_prefix(start);
  }
  keep(lines);
}

void ErrorCapture::keep(std::string_view lines) {
  if (lines.size() > kept_bytes_max) {
    was_cut_ = true;
    lines.remove_prefix(lines.size() - kept_bytes_max);
    lines.remove_prefix(lines.find('\n') + 1);
  }
  kept_ += lines;
  if (kept_.size() > 2 * kept_bytes_max) cut(kept_bytes_max);
}

// Drops lines from the front until at most `to_bytes` are left.
void ErrorCapture::cut(std::size_t to_bytes) {
  if (kept_.size() <= to_bytes) return;
  was_cut_ = true;
  const std::size_t end = kept_.find('\n', kept_.size() - to_bytes - 1);
  kept_.erase(0, end == kept_.npos ? end : end + 1);
}

std::string ErrorCapture::finish() {
  if (!unfinished_.empty()) take_lines(std::exchange(unfinished_, "") + '\n');
  if (!started_) return "";
  cut(kept_bytes_max);
  if (was_cut_)
    if (const std::size_t start = find_first_error(kept_); start != kept_.npos)
      kept_.erase(0, start);
  if (kept_.ends_with('\n')) kept_.pop_back();

  // As the original joins its pieces: a space before each line, equal lines once.
  std::string out;
  std::unordered_set<std::string> seen;
  each_line(replace_invalid(kept_), [&](std::string_view line) {
    std::string piece = " " + std::string(strip(line, " :\n"));
    if (!seen.insert(piece).second) return;
    (out += piece) += '\n';
  });
  return std::string(strip(out, " \t\n\r\v\f\x1c\x1d\x1e\x1f"));
}

}  // namespace trainyard::toolkit
