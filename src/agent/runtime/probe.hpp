#pragma once
/// What this machine can and cannot do for jobs, for `trainyard doctor`.

#include <string>
#include <vector>

namespace trainyard::agent {

struct HostCheck {
  std::string name;
  bool ok = false;
  std::string detail;  ///< what was found
  std::string cure;    ///< what to do about a "no"; empty when ok or when nothing need be done
};

using HostReport = std::vector<HostCheck>;

/// Looks and tries: starts and ends one sandbox in a temporary directory. Changes nothing that
/// lasts.
HostReport probe_host();

}  // namespace trainyard::agent
