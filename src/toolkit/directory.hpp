#pragma once
/// What is in a directory, and a path's one true name.

#include "base/result.hpp"

#include <string>
#include <vector>

namespace trainyard::toolkit {

/// The names in it, without "." and "..", in no order.
Result<std::vector<std::string>> list_directory(const std::string& path);

/// The absolute path without symbolic links; "" where it leads nowhere.
std::string real_path(const std::string& path);

}  // namespace trainyard::toolkit
