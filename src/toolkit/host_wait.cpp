#include "toolkit/host_wait.hpp"

#include <algorithm>
#include <poll.h>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr Millis first_pause{200}, longest_pause{30'000}, patience = std::chrono::minutes(15);

bool is_own_name(const std::string& host) {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 && host == name;
}

}  // namespace

HostWait real_host_wait() {
  return {address_of, [](Millis for_so_long) {
            (void)::poll(nullptr, 0,
                         int(for_so_long.count()));  // nothing tells when a name appears
          }};
}

Result<> wait_for_hosts(const Json& hosts, const Clock& clock, const HostWait& how) {
  const Millis start = clock.boottime();
  for (const Json& host : hosts.items()) {
    Millis pause = first_pause;
    while (!is_own_name(host.characters())) {
      const auto address = how.look_up(host.characters());
      if (address) break;
      if (clock.boottime() - start >= patience)
        return in_context(address.error(), "wait 15 minutes for the job's hosts");
      how.pause(pause);
      pause = std::min(2 * pause, longest_pause);
    }
  }
  return {};
}

}  // namespace trainyard::toolkit
