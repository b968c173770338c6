#pragma once
/// Files of a directory that somebody else filled.

#include "base/result.hpp"
#include "os/files.hpp"

#include <string>

namespace trainyard::os {

/// The whole text of a plain file in `root`, out of which no link leads; what is no plain file is
/// an error, and nothing is waited for. Kind `limit` if it is larger than `size_bytes_max`.
Result<std::string> read_in_root(const Path& root, const Path& below, std::size_t size_bytes_max);

}  // namespace trainyard::os
