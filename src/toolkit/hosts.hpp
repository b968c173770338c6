#pragma once
/// Names to addresses by /etc/hosts and literal IPv4 alone: the C library's look-up would load the
/// image's own NSS modules into a static program.

#include "base/result.hpp"

#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>

namespace trainyard::toolkit {

/// The address that the text of a hosts file gives a name, or the name is; names compare without
/// case.
std::optional<in_addr> address_in(std::string_view hosts_file, std::string_view name);

/// The same by this machine's /etc/hosts; also "localhost", which always is 127.0.0.1.
Result<in_addr> address_of(const std::string& name);

}  // namespace trainyard::toolkit
