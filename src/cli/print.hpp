#pragma once
/// Output for people: columns, durations, colour only on a terminal.

#include "base/clock.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::cli {

/// True if standard output is a terminal and NO_COLOR is not set.
bool colours();
/// A status in its colour, on a terminal.
std::string coloured_status(std::string_view status);
/// Rows in aligned columns; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);
/// "3.4 s", "12 min 5 s", "4 d 2 h"
std::string duration(Millis d);
/// A word as a shell reads it: in quotes where it needs them.
std::string shell_word(std::string_view text);
/// "did you mean: trainyard run -- python x.py --lr 3", for a script that was given as the command.
std::string python_advice(const std::vector<std::string>& words);
/// "2026-11-23 19:26:52", local time.
std::string local_time(Time t);

}  // namespace trainyard::cli
