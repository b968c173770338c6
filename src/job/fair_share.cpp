#include "job/fair_share.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace trainyard::job {

FairShare::FairShare(std::map<std::string, double> shares, Millis half_life)
    : shares_(std::move(shares)),
      rate_(std::numbers::ln2 / double(std::max<std::int64_t>(1, half_life.count()))) {}

// A clock that was put back ages nothing.
double FairShare::decay(Millis age) const {
  return std::exp(-rate_ * double(std::max<std::int64_t>(0, age.count())));
}

// The integral of what was held, each moment weighed by its age.
double FairShare::accrued(const Use& use, Time now) const {
  const double left = decay(now - use.at);
  return use.part_ms * left + use.part * (1 - left) / rate_;
}

FairShare::Use& FairShare::at(const std::string& user, Time now) {
  Use& use = uses_[user];
  use.part_ms = accrued(use, now);
  use.at = std::max(use.at, now);
  return use;
}

void FairShare::hold(const std::string& user, double part, Time now) {
  at(user, now).part += part;
}

void FairShare::give(const std::string& user, double part, Time now) {
  Use& use = at(user, now);
  use.part = std::max(0.0, use.part - part);
}

void FairShare::held(const std::string& user, double part, Time from, Time till, Time now) {
  if (till <= from) return;
  at(user, now).part_ms += part * (decay(now - till) - decay(now - from)) / rate_;
}

double FairShare::had(const std::string& user, Time now) const {
  const auto use = uses_.find(user);
  if (use == uses_.end()) return 0;
  return accrued(use->second, now) / share(user) + at_once(user, use->second.part);
}

double FairShare::at_once(const std::string& user, double part) const {
  constexpr double hour_ms = 3'600'000;
  return part * hour_ms / share(user);
}

double FairShare::share(const std::string& user) const {
  const auto share = shares_.find(user);
  return share == shares_.end() ? 1 : share->second;
}

}  // namespace trainyard::job
