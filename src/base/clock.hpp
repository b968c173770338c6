#pragma once
/// Time, injected. Rows and wire structures hold UTC milliseconds; limits are durations counted on
/// CLOCK_BOOTTIME, so that a clock that is set never ends a job. Nothing below serve.cpp and the
/// agent's main asks the system for the time but through a Clock.

#include <chrono>
#include <cstdint>
#include <string>

namespace trainyard {

using Millis = std::chrono::milliseconds;
/// A point in UTC, in milliseconds since 1970.
using Time = std::chrono::sys_time<Millis>;

inline std::int64_t to_ms(Time t) {
  return t.time_since_epoch().count();
}
inline Time from_ms(std::int64_t ms) {
  return Time(Millis(ms));
}

class Clock {
public:
  virtual ~Clock() = default;
  /// Wall clock, UTC. May jump.
  virtual Time now() const = 0;
  /// Milliseconds since boot, suspended time included. Never goes back.
  virtual Millis boottime() const = 0;
};

/// The machine's own clock. Thread-safe, stateless.
const Clock& system_clock();

/// A clock that tests move by hand.
class ManualClock final : public Clock {
public:
  explicit ManualClock(Time start = from_ms(1'795'000'000'000)) : now_(start) {}
  Time now() const override { return now_; }
  Millis boottime() const override { return boot_; }
  void advance(Millis by) {
    now_ += by;
    boot_ += by;
  }
  /// The wall clock is set; boot time does not move.
  void jump(Millis by) { now_ += by; }

private:
  Time now_;
  Millis boot_{0};
};

/// "2026-11-23T19:26:52.146Z"
std::string iso8601(Time t);
/// "20261123T192652Z", the form in AWS signatures.
std::string amz_date(Time t);
/// "Mon, 23 Nov 2026 19:26:52 GMT", RFC 7231's preferred form.
std::string http_date(Time t);

}  // namespace trainyard
