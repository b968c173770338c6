#include "toolkit/directory.hpp"

#include <climits>

#include <cstdlib>

namespace trainyard::toolkit {

std::string real_path(const std::string& path) {
  char resolved[PATH_MAX];
  return ::realpath(path.c_str(), resolved) ? resolved : "";
}

}  // namespace trainyard::toolkit
