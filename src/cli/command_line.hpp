#pragma once
/// The command line of everything a person types, and its help.

#include "base/settings.hpp"
#include "cli/commands.hpp"

#include <functional>
#include <string>

namespace trainyard::cli {

/// What main.cpp lends: the faces of the program that are no client, and what they know.
struct Faces {
  std::function<Result<>(const os::Path& data, const Settings& settings, bool json)> serve;
  std::function<Result<int>(const os::Path& data, const Settings& settings, bool json)> doctor;
  /// Copies what a job wrote below a directory to a place that does not exist: what was left out.
  CopyOut copy_out;
  InstanceTypeCheck instance_type;
  std::string version;
};

/// Parses, runs and returns the exit code. Errors are printed to standard error in one line.
int run(int argc, char** argv, const Faces& faces);

}  // namespace trainyard::cli
