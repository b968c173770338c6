#pragma once
/// An instance's life, top to bottom: `trainyard agent --spec DIR/spec.json`.

#include "agent/runtime/runtime.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/files.hpp"

#include <functional>
#include <memory>

namespace trainyard::agent {

/// Runs the instance that DIR/spec.json tells of, from staging to the last acknowledged report;
/// blocks until then. Exactly one process at a time does so: a second one on the same directory is
/// refused (kind `conflict`). A directory whose instance was begun by an agent that died is not
/// begun again: its end is reported lost by whoever finds it.
///
/// An error when the user's program never ran or the agent could not do its work; a program that
/// fails is none. Whatever went wrong is in report.log and exit.json where they can be written.
/// `began`, if it is one, is closed once the directory is this agent's.
using MakeRuntime = std::function<Result<std::unique_ptr<Runtime>>()>;
Result<> run_agent(const os::Path& spec_file, const os::Path& toolkit,
                   const MakeRuntime& make_runtime, const Clock& clock, os::Fd began = os::Fd());

/// Removes what a dead agent left: processes, cgroups, scratch, the directory itself. Refused (kind
/// `conflict`) while an agent lives. Idempotent; a second one waits for the first, which may go on
/// after the service that began it was killed. The directory goes from its name at once, when only
/// its files are left: whoever makes it anew is never taken for what is removed.
Result<> reap(const os::Path& directory, const std::string& id, Runtime& runtime);

}  // namespace trainyard::agent
