#pragma once
/// Which process is pid 1 of a container, kept in its scratch for a destroy() by somebody who did
/// not start it: "PID START_TICKS BOOT_ID" in the file `init`. A pid that is somebody else's by
/// now, or of an earlier boot, is told from it.

#include "base/result.hpp"
#include "os/files.hpp"
#include "os/process.hpp"

#include <optional>

namespace trainyard::agent {

Result<> write_record(const os::Path& scratch, pid_t init);

/// Pid 1, if it lives. Nothing when there is no record or its process has ended.
Result<std::optional<os::Child>> find_recorded(const os::Path& scratch);

}  // namespace trainyard::agent
