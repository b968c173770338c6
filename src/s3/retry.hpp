#pragma once
/// Trying again: a service that restarts must cost an agent time, never data.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <functional>
#include <string>

namespace trainyard::s3 {

struct RetryPolicy {
  Millis first{50};           ///< before the second try; doubled each time ...
  Millis longest{5'000};      ///< ... up to this
  Millis total{30 * 60'000};  ///< from the first try on; past it the last error is returned
  unsigned tries_max = 1'000;
};

/// Lets a time pass; false when it was told to stop instead.
using Pause = std::function<bool(Millis)>;

/// Waits in poll(2) and stops when `stop_fd` becomes readable (-1: never). The descriptor stays the
/// caller's and open.
Pause pause_unless(int stop_fd);

/// The code of the error when a worker was told to stop.
inline constexpr const char* stopped_code = "Stopped";

/// Whether the same request may succeed later: the service was away, overloaded or failed.
bool may_succeed_later(const Error& error);

/// What a client of the service waits with: of one that can be told to stop, see retry_until().
/// Copies share nothing.
struct Retry {
  RetryPolicy policy;
  Pause pause;
  const Clock* clock = &system_clock();
  std::function<bool()> told_to_stop = {};     ///< looked at before each try
  int stop_fd = -1;                            ///< readable when it is told so, for what waits
  std::function<bool()> service_is_away = {};  ///< while it is, time and tries do not count
  std::string peer = "the service";            ///< who is asked, for errors

  /// Runs `attempt` until it succeeds, fails for good, or time or tries are over. An error of
  /// code "Stopped" when the pause was told to stop.
  template <class Attempt> auto operator()(Attempt&& attempt) const -> decltype(attempt()) {
    Millis began = clock->boottime();
    Millis delay = policy.first;
    for (unsigned tries = 1;; ++tries) {
      if (is_told_to_stop()) return stopped("");
      auto result = attempt();
      if (result || !may_succeed_later(result.error())) return result;
      if (service_is_away && service_is_away()) {
        began = clock->boottime();
        tries = 1;
      }
      if (tries >= policy.tries_max || clock->boottime() - began + delay > policy.total)
        return given_up(std::move(result).error(), tries, clock->boottime() - began);
      if (!pause(delay)) return stopped(result.error().message);
      delay = std::min(delay * 2, policy.longest);
    }
  }

  bool is_told_to_stop() const { return told_to_stop && told_to_stop(); }

private:
  Failure given_up(Error last, unsigned tries, Millis after) const;
  static Failure stopped(const std::string& last);
};

/// One that stops, and whose waits end, when `stop_fd` becomes readable (-1: never). It stays the
/// caller's and open.
Retry retry_until(int stop_fd, RetryPolicy policy = {});

}  // namespace trainyard::s3
