#pragma once
/// The rules of delivering events to a webhook, pure: how a request is signed, what an answer
/// means, when it is tried again.

#include "base/clock.hpp"

#include <string>
#include <string_view>

namespace trainyard::events {

/// The value of the header Trainyard-Signature: "t=<unix seconds>,v1=<hex>", where v1 is the
/// HMAC-SHA256 by the secret of "<unix seconds>.<body>".
std::string signature(std::string_view secret, Time now, std::string_view body);

enum class Verdict {
  delivered,  ///< 2xx
  again,      ///< its receiver is not able to now: 408, 429, 5xx, no answer
  refused,    ///< it may never take this event: all else
};
/// `status` is the answer's, or 0 where there was none.
Verdict verdict(int status);

/// An event that is refused so often is given up; the next one's turn comes.
inline constexpr int refusals_max = 8;

/// How long to wait after so many failures in a row (from 1 on): 1, 2, 4 ... 240 s, and up to a
/// quarter longer by `chance`, from 0 to 1.
Millis backoff(int failures, double chance);

}  // namespace trainyard::events
