#pragma once
/// Copying a directory as shutil.copytree does: what symbolic links lead to instead of the links,
/// modes and times with it.
///
/// By system calls: std::filesystem::copy would bring all of iostreams into a static program.

#include "base/result.hpp"

#include <string>

namespace trainyard::toolkit {

/// One file, its mode and its times. `to` must not exist.
Result<> copy_file(const std::string& from, const std::string& to);

/// Everything in `from` into the directory `to`, which exists. Sockets, FIFOs and devices are an
/// error.
Result<> copy_tree(const std::string& from, const std::string& to);

}  // namespace trainyard::toolkit
