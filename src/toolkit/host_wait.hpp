#pragma once
/// Waiting until every host of the job has an address: containers of one job start at about the
/// same time, and names come up with them.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "toolkit/hosts.hpp"
#include "toolkit/json.hpp"

#include <functional>

namespace trainyard::toolkit {

/// What a wait does but look at the clock.
struct HostWait {
  std::function<Result<in_addr>(const std::string& name)> look_up;
  std::function<void(Millis)> pause;
};
/// By address_of(), and pausing for real.
HostWait real_host_wait();

/// Returns once /etc/hosts knows all names of the list; this machine's own name counts as known.
/// Looks again after 0.2, 0.4, ... 30 s and gives up after 15 minutes, as the original does.
Result<> wait_for_hosts(const Json& hosts, const Clock& clock,
                        const HostWait& how = real_host_wait());

}  // namespace trainyard::toolkit
