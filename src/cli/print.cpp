#include "cli/print.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <unistd.h>

namespace trainyard::cli {

bool colours() {
  return ::isatty(STDOUT_FILENO) == 1 && !std::getenv("NO_COLOR");
}

std::string coloured_status(std::string_view status) {
  if (!colours()) return std::string(status);
  const int colour = status == "Completed"    ? 32
                     : status == "Failed"     ? 31
                     : status == "InProgress" ? 36
                                              : 33;
  return fmt::format("\x1b[{}m{}\x1b[0m", colour, status);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i >= widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      out += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    out += '\n';
  }
  return out;
}

std::string duration(Millis d) {
  const auto s = d.count() / 1000;
  if (s < 60) return fmt::format("{:.1f} s", double(d.count()) / 1000);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86'400) return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", s / 86'400, s / 3600 % 24);
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_-+=./:,@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos)
    return std::string(text);
  std::string out = "'";
  for (const char c : text)
    c == '\'' ? out += "'\\''" : out += c;
  return out + "'";
}

std::string python_advice(const std::vector<std::string>& words) {
  std::string out = "did you mean: trainyard run -- python";
  for (const auto& word : words)
    out += " " + shell_word(word);
  return out;
}

std::string local_time(Time t) {
  const std::time_t seconds = to_ms(t) / 1000;
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

}  // namespace trainyard::cli
