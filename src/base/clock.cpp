#include "base/clock.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace trainyard {
namespace {

class SystemClock final : public Clock {
public:
  Time now() const override {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  }
  Millis boottime() const override {
    timespec ts{};
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return Millis(ts.tv_sec * 1000 + ts.tv_nsec / 1'000'000);
  }
};

struct Civil {
  int year, month, day, hour, minute, second, ms, weekday;
};

Civil civil(Time t) {
  using namespace std::chrono;
  const auto days = floor<std::chrono::days>(t);
  const year_month_day ymd(days);
  const hh_mm_ss time(t - days);
  return {int(ymd.year()),
          int(unsigned(ymd.month())),
          int(unsigned(ymd.day())),
          int(time.hours().count()),
          int(time.minutes().count()),
          int(time.seconds().count()),
          int(time.subseconds().count()),
          int(weekday(days).c_encoding())};
}

// snprintf, not fmt: trainyard-train is static and Debian has no static fmt.
template <class... Arguments> std::string formatted(const char* format, Arguments... arguments) {
  char text[64];
  const int n = std::snprintf(text, sizeof text, format, arguments...);
  return {text, std::size_t(n)};
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string iso8601(Time t) {
  const Civil c = civil(t);
  return formatted("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour, c.minute,
                   c.second, c.ms);
}

std::string amz_date(Time t) {
  const Civil c = civil(t);
  return formatted("%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute,
                   c.second);
}

std::string http_date(Time t) {
  static constexpr std::array<const char*, 7> day_names{"Sun", "Mon", "Tue", "Wed",
                                                        "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> month_names{
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil c = civil(t);
  return formatted("%s, %02d %s %04d %02d:%02d:%02d GMT", day_names[std::size_t(c.weekday)], c.day,
                   month_names[std::size_t(c.month - 1)], c.year, c.hour, c.minute, c.second);
}

}  // namespace trainyard
