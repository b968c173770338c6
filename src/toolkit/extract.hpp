#pragma once
/// Unpacking the user's source archive into an empty directory, without trusting it.
///
/// Source: sagemaker-training 5.1.4's files.py. Names lose leading "/", "." and ".."
/// segments; devices, FIFOs and links that lead outside are left out with a warning; setuid bits
/// and owners are dropped, group and others may not write. Stricter in two things: no member is
/// written through a symbolic link, and none leads out by way of another.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "toolkit/log_lines.hpp"

#include <string>
#include <string_view>

namespace trainyard::toolkit {

/// `archive` is a .tar.gz, `what` its name in errors.
Result<> extract_archive(os::Fd archive, const std::string& what, const std::string& directory,
                         const LogLines& log);

/// The name under which a member is written; "" if nothing is left of it.
std::string safe_member_name(std::string_view name);

/// Whether a link at `name` (safe) with the target `link` stays inside, judged by the text alone.
bool link_stays_inside(std::string_view name, std::string_view link);

/// Whether ".." stands behind a name in it, "d/..". Where that leads the text does not tell: `d`
/// may be, or become, a link.
bool link_turns_back(std::string_view link);

}  // namespace trainyard::toolkit
