#pragma once
/// A key of its own for a local client, with a directory that the client hands over open.

#include "cli/commands.hpp"
#include "wire/instance/handover.hpp"

namespace trainyard::cli {

/// A session's key from the service of this machine, bound to `directory` ("" = none). An error of
/// kind `unavailable` where no service listens.
Result<wire::SessionAnswer> open_session(const Common& common, const os::Path& directory,
                                         const wire::SessionRequest& request = {});

}  // namespace trainyard::cli
