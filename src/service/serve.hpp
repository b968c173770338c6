#pragma once
/// `trainyard serve`: the control plane, built and run.

#include "base/result.hpp"
#include "base/settings.hpp"
#include "os/files.hpp"
#include "service/store/paths.hpp"

namespace trainyard {

struct ServeOptions {
  store::DataPaths paths;
  Settings settings;
  os::Path program;   ///< this binary: agents are the same program
  bool json = false;  ///< says that it listens as a JSON object
};

/// Runs until SIGTERM or SIGINT, then drains within 2 seconds. An error says why it could not
/// start, or names the service that already runs on the same data directory (kind `conflict`).
Result<> serve(const ServeOptions& options);

}  // namespace trainyard
