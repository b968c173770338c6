#pragma once
/// Waiting for a peer, for the blocking client.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string_view>

namespace trainyard::net {

/// Until poll(2) shows one of `events`. An error of kind `unavailable` when `timeout` is over.
Result<> wait_for(int fd, short events, Millis timeout, std::string_view doing);

}  // namespace trainyard::net
