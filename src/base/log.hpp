#pragma once
/// The service's and the agent's own log: one JSON object a line on standard error, never the
/// user's output. Thread-safe: a line is one write().

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::log {

enum class Level { debug, info, warn, error };

/// Fields are (name, value) pairs; values are written as JSON strings.
using Fields = std::vector<std::pair<std::string_view, std::string>>;

/// Lines below `level` are dropped. Default: info.
void set_level(Level level);

void write(Level level, std::string_view message, const Fields& fields = {});

inline void debug(std::string_view m, const Fields& f = {}) {
  write(Level::debug, m, f);
}
inline void info(std::string_view m, const Fields& f = {}) {
  write(Level::info, m, f);
}
inline void warn(std::string_view m, const Fields& f = {}) {
  write(Level::warn, m, f);
}
inline void error(std::string_view m, const Fields& f = {}) {
  write(Level::error, m, f);
}

}  // namespace trainyard::log
