#pragma once
/// Takes a copy of what a job wrote, for a person.

#include "agent/outputs/notes.hpp"
#include "base/result.hpp"
#include "os/files.hpp"

namespace trainyard::agent {

/// Copies the file or directory `below` (relative) of `trusted`, a directory of ours, to `to`,
/// which must not exist. Modes without set-user-id, symbolic links as links, holes as holes; times
/// and owners are the copy's own. No link in what the job wrote is followed. What is no file,
/// directory or link, and what changes or cannot be read meanwhile, is left out with a note; what
/// cannot be written is an error. Kind `not_found` where there is nothing.
Result<Notes> copy_out(const os::Path& trusted, const os::Path& below, const os::Path& to);

}  // namespace trainyard::agent
