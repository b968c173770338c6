#include "wire/sign/dates.hpp"

#include <array>
#include <string>

namespace trainyard::wire {
namespace {

// The decimal number that `text` is; -1 where it is none. For at most 9 digits.
int number(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return text.empty() ? -1 : value;
}

struct Fields {
  int year, month, day, hour, minute, second;
};

std::optional<Time> time_of(const Fields& f) {
  if (f.year < 1970 || f.month < 1 || f.day < 1) return std::nullopt;
  if (f.hour < 0 || f.hour > 23 || f.minute < 0 || f.minute > 59 || f.second < 0 || f.second > 60)
    return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(f.year),
                                        std::chrono::month(unsigned(f.month)),
                                        std::chrono::day(unsigned(f.day))};
  if (!day.ok()) return std::nullopt;
  return Time(std::chrono::sys_days(day)) + std::chrono::hours(f.hour) +
         std::chrono::minutes(f.minute) + std::chrono::seconds(f.second);
}

}  // namespace

std::optional<Time> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  return time_of({number(text.substr(0, 4)), number(text.substr(4, 2)), number(text.substr(6, 2)),
                  number(text.substr(9, 2)), number(text.substr(11, 2)),
                  number(text.substr(13, 2))});
}

std::optional<Time> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> months = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(3, 2) != ", " || !text.ends_with(" GMT"))
    return std::nullopt;
  if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  int month = 0;
  for (std::size_t i = 0; i < months.size(); ++i)
    if (text.substr(8, 3) == months[i]) month = int(i) + 1;
  return time_of({number(text.substr(12, 4)), month, number(text.substr(5, 2)),
                  number(text.substr(17, 2)), number(text.substr(20, 2)),
                  number(text.substr(23, 2))});
}

std::optional<Time> parse_iso8601(std::string_view text) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z')
    return std::nullopt;
  const auto whole =
      time_of({number(text.substr(0, 4)), number(text.substr(5, 2)), number(text.substr(8, 2)),
               number(text.substr(11, 2)), number(text.substr(14, 2)), number(text.substr(17, 2))});
  if (!whole || text.size() == 20) return whole;
  if (text[19] != '.' || text.size() == 21) return std::nullopt;
  const std::string digits = (std::string(text.substr(20, text.size() - 21)) + "00").substr(0, 3);
  const int millis = number(digits);
  return millis < 0 ? std::nullopt : std::optional(*whole + Millis(millis));
}

}  // namespace trainyard::wire
