#pragma once
/// What this machine can and cannot do for jobs, for `trainyard doctor`.

#include "os/files.hpp"

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

/// For which service: its data directory, which need not be there yet, and who its jobs are if it
/// is root.
struct HostQuestion {
  os::Path data;
  std::string sandbox_user;
};

/// Looks and tries: starts and ends two sandboxes in temporary directories. Changes nothing that
/// lasts.
HostReport probe_host(const HostQuestion& question);

}  // namespace trainyard::agent
