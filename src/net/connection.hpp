#pragma once
/// One client's connection: requests in, answers out, one after the other, until either end leaves.
/// It knows HTTP and limits; what requests mean is the handler's.

#include "net/server.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace trainyard::net {

/// A connection, as its host knows it.
class HostedConnection {
public:
  virtual ~HostedConnection() = default;
  /// Any thread.
  virtual void close_soon() = 0;
  /// Since when it waits for its next request; nothing while it has one. Any thread.
  virtual std::optional<std::chrono::steady_clock::time_point> idle_since() const = 0;
};

/// What a connection needs of where it came in, which outlives it. Called on its strand, but for
/// connection_begins().
class ConnectionHost {
public:
  virtual ~ConnectionHost() = default;
  virtual const ServerOptions& options() const = 0;
  virtual Handler& handler() = 0;
  /// Threads for what waits for a disk.
  virtual boost::asio::thread_pool& disk() = 0;
  virtual void request_begins() = 0;
  virtual void request_ends() = 0;
  virtual void connection_begins(HostedConnection& connection) = 0;
  virtual void connection_ends(HostedConnection& connection) = 0;
  /// Memory for a body that is read whole, until what it returns is dropped; null when all
  /// connections together have too much.
  virtual std::shared_ptr<void> take_memory(std::size_t bytes) = 0;
};

using Socket = boost::asio::generic::stream_protocol::socket;

/// Serves the socket until it is closed, on the socket's executor, which must be a strand. `peer`
/// is told to the handler as RequestHead::peer.
void serve_connection(ConnectionHost& host, Socket socket, std::string peer);

}  // namespace trainyard::net
