#pragma once
/// Waiting for a peer, for the blocking client.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <string_view>

namespace trainyard::net {

/// How long one wait for a peer may be, and what ends it early.
struct Wait {
  Millis longest;
  int stop_fd = -1;  ///< readable: told to stop. The caller's, open for as long.
};

/// Until poll(2) shows one of `events`. An error of kind `unavailable` when it took too long, or
/// was told to stop.
Result<> wait_for(int fd, short events, Wait wait, std::string_view doing);

}  // namespace trainyard::net
