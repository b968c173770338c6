#include "toolkit/host_wait.hpp"

#include <doctest/doctest.h>

#include <map>
#include <numeric>

using namespace trainyard;
using namespace trainyard::toolkit;

namespace {

// A network in which each name has an address from some moment on, and time that pauses alone move.
struct Names {
  std::map<std::string, Millis> known_from;
  ManualClock clock;
  std::vector<Millis> pauses;

  Result<> wait(const std::vector<std::string>& hosts) {
    const auto look_up = [&](const std::string& name) -> Result<in_addr> {
      const auto found = known_from.find(name);
      if (found != known_from.end() && clock.boottime() >= found->second) return in_addr{};
      return fail(ErrorKind::not_found, "UnknownHost", "look up host " + name);
    };
    const auto pause = [&](Millis time) {
      pauses.push_back(time);
      clock.advance(time);
    };
    return wait_for_hosts(Json::texts(hosts), clock, {look_up, pause});
  }
};

}  // namespace

TEST_CASE("names that are known are not waited for") {
  Names names{{{"algo-1.test", Millis(0)}, {"algo-2.test", Millis(0)}}, ManualClock(), {}};
  CHECK(names.wait({"algo-1.test", "algo-2.test"}).has_value());
  CHECK(names.pauses.empty());
}

TEST_CASE("a name that comes later is waited for, at growing intervals") {
  Names names{{{"algo-1.test", Millis(0)}, {"algo-2.test", Millis(100'000)}}, ManualClock(), {}};
  CHECK(names.wait({"algo-1.test", "algo-2.test"}).has_value());
  const std::vector<Millis> expected{Millis(200),    Millis(400),   Millis(800),   Millis(1600),
                                     Millis(3200),   Millis(6400),  Millis(12800), Millis(25600),
                                     Millis(30'000), Millis(30'000)};
  CHECK(names.pauses == expected);
}

TEST_CASE("a name that never comes ends the wait after fifteen minutes, for all hosts together") {
  Names names{{{"algo-1.test", std::chrono::minutes(10)}}, ManualClock(), {}};
  const auto waited = names.wait({"algo-1.test", "algo-2.test"});
  REQUIRE(!waited.has_value());
  CHECK(waited.error().message.find("wait 15 minutes for the job's hosts") == 0);
  CHECK(waited.error().message.find("look up host algo-2.test") != std::string::npos);
  const Millis took = std::accumulate(names.pauses.begin(), names.pauses.end(), Millis(0));
  CHECK(took >= std::chrono::minutes(15));
  CHECK(took <= std::chrono::minutes(15) + Millis(30'000));
}
