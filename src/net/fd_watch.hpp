#pragma once
/// Calls back when a descriptor becomes readable.

#include "base/result.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace trainyard::net {

/// Runs `task` on a thread of `io` each time `fd` is readable, until what it returns is dropped; a
/// task that runs then ends by itself. Watches a copy: `fd` stays its owner's.
Result<std::shared_ptr<void>> watch_fd(boost::asio::io_context& io, int fd,
                                       std::function<void()> task);

}  // namespace trainyard::net
