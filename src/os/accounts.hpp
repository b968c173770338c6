#pragma once
/// What the machine's accounts say. Not for static programs, which cannot ask them.

#include "os/files.hpp"

namespace trainyard::os {

/// This user's home directory; /root where no account has one.
Path own_home();

}  // namespace trainyard::os
