#pragma once
/// A path's one true name.

#include <string>

namespace trainyard::toolkit {

/// The absolute path without symbolic links; "" where it leads nowhere.
std::string real_path(const std::string& path);

}  // namespace trainyard::toolkit
