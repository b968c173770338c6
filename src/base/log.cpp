#include "base/log.hpp"

#include "base/clock.hpp"

#include <fmt/format.h>

#include <atomic>
#include <unistd.h>

namespace trainyard::log {
namespace {

std::atomic<Level> lowest{Level::info};

const char* name(Level level) {
  switch (level) {
  case Level::debug:
    return "debug";
  case Level::info:
    return "info";
  case Level::warn:
    return "warn";
  case Level::error:
    return "error";
  }
  return "?";
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto b = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (b < 0x20 || b == 0x7f)
      out += fmt::format("\\u{:04x}", b);
    else
      out += c;
  }
  out += '"';
}

}  // namespace

void set_level(Level level) {
  lowest = level;
}

void write(Level level, std::string_view message, const Fields& fields) {
  if (level < lowest.load(std::memory_order_relaxed)) return;
  std::string line =
      fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"message\":", iso8601(system_clock().now()),
                  name(level));
  append_quoted(line, message);
  for (const auto& [key, value] : fields) {
    line += ',';
    append_quoted(line, key);
    line += ':';
    append_quoted(line, value);
  }
  line += "}\n";
  // A log that cannot be written must not stop the work it tells of.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace trainyard::log
