#pragma once
/// Whose turn it is: what each user has had of the machines, and less of it the longer ago. A
/// value; time comes in.

#include "base/clock.hpp"

#include <map>
#include <string>

namespace trainyard::job {

class FairShare {
public:
  /// What was used `half_life` ago counts half. A user's share is 1 unless `shares` tells; above 0.
  FairShare(std::map<std::string, double> shares, Millis half_life);

  /// The user holds `part` more of all machines from now on, or less. `part` of 1 is all of them.
  void hold(const std::string& user, double part, Time now);
  void give(const std::string& user, double part, Time now);
  /// The user held `part` from then till then, before this value was made.
  void held(const std::string& user, double part, Time from, Time till, Time now);

  /// What the user has had, by share: the least is next. What is held now counts as if it had been
  /// for an hour already: who has nothing yet comes before who has begun a moment ago.
  double had(const std::string& user, Time now) const;
  /// By how much `part` more makes that larger at once.
  double at_once(const std::string& user, double part) const;

private:
  struct Use {
    double part_ms = 0;  ///< decayed, as of `at`
    double part = 0;     ///< held since `at`
    Time at{};
  };
  double share(const std::string& user) const;
  double decay(Millis age) const;
  double accrued(const Use& use, Time now) const;
  Use& at(const std::string& user, Time now);

  std::map<std::string, double> shares_;
  double rate_;  // per ms
  std::map<std::string, Use> uses_;
};

}  // namespace trainyard::job
