#include "toolkit/log_lines.hpp"

#include "os/fd.hpp"
#include "toolkit/python_text.hpp"

#include <cstdio>
#include <ctime>
#include <string>

namespace trainyard::toolkit {
namespace {

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  if (out.size() < width) out.append(width - out.size(), ' ');
  return out;
}

// "2026-11-24 09:43:44,830", in the container's own time zone.
std::string as_time(Time t) {
  const std::int64_t ms = to_ms(t);
  const std::time_t seconds = ms / 1000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[48];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  std::snprintf(text + n, sizeof text - n, ",%03d", int(ms % 1000));
  return text;
}

}  // namespace

void LogLines::write(int level, std::string_view name, std::string_view message,
                     std::string_view logger) const {
  if (level < level_) return;
  std::string line;
  if (configured_)
    line = as_time(clock_.now()) + " " + padded(logger, 12) + " " + padded(name, 8) + " ";
  line += escape_surrogates(message);
  line += '\n';
  // A log that cannot be written has nobody to tell.
  (void)os::write_all(fd_, line, "the log");
}

}  // namespace trainyard::toolkit
