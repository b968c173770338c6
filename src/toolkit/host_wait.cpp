#include "toolkit/host_wait.hpp"

#include "toolkit/hosts.hpp"

#include <algorithm>
#include <poll.h>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr int first_pause_ms = 200, pause_ms_max = 30'000;
constexpr Millis patience = std::chrono::minutes(15);

bool is_own_name(const std::string& host) {
  char name[256] = "";
  return ::gethostname(name, sizeof name - 1) == 0 && host == name;
}

}  // namespace

Result<> wait_for_hosts(const Json& hosts, const Clock& clock) {
  const Millis start = clock.boottime();
  for (const Json& host : hosts.items()) {
    int pause_ms = first_pause_ms;
    while (!is_own_name(host.characters())) {
      const auto address = address_of(host.characters());
      if (address) break;
      if (clock.boottime() - start >= patience)
        return in_context(address.error(), "wait 15 minutes for the job's hosts");
      (void)::poll(nullptr, 0, pause_ms);  // nothing tells when a name appears
      pause_ms = std::min(2 * pause_ms, pause_ms_max);
    }
  }
  return {};
}

}  // namespace trainyard::toolkit
