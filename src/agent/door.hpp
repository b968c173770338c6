#pragma once
/// The door: a loopback listener in the container's network through which a job reaches the service
/// and nothing else is needed. It passes bytes unchanged; signatures and credentials are the
/// service's work.

#include "base/result.hpp"
#include "net/client.hpp"
#include "os/fd.hpp"

#include <cstdint>
#include <memory>
#include <thread>

namespace trainyard::agent {

/// A listener on 127.0.0.1, any free port, in the caller's network namespace.
Result<os::Fd> listen_on_loopback();
/// The port that a listener got.
Result<std::uint16_t> port_of(const os::Fd& listener);

class Door {
public:
  /// Serves `listener` on its own thread: each connection is joined to one to the service. At most
  /// 128 at once; more wait in the backlog.
  static Result<std::unique_ptr<Door>> open(os::Fd listener, const net::Endpoint& service);
  /// Closes all connections.
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

private:
  struct Relay;
  explicit Door(std::unique_ptr<Relay> relay);
  std::unique_ptr<Relay> relay_;
  std::thread thread_;
};

}  // namespace trainyard::agent
