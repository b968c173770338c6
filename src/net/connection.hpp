#pragma once
/// One client's connection: requests in, answers out, one after the other, until either end leaves.
/// It knows HTTP and limits; what requests mean is the handler's.

#include "net/server.hpp"

#include <boost/asio/generic/stream_protocol.hpp>

#include <string>

namespace trainyard::net {

class Closable {
public:
  virtual ~Closable() = default;
  /// Any thread.
  virtual void close_soon() = 0;
};

/// What a connection needs of the server it belongs to, which outlives it. Called on its strand.
class ConnectionHost {
public:
  virtual ~ConnectionHost() = default;
  virtual const ServerOptions& options() const = 0;
  virtual Handler& handler() = 0;
  virtual void request_begins() = 0;
  virtual void request_ends() = 0;
  virtual void connection_begins(Closable& connection) = 0;
  virtual void connection_ends(Closable& connection) = 0;
};

using Socket = boost::asio::generic::stream_protocol::socket;

/// Serves the socket until it is closed, on the socket's executor, which must be a strand. `peer`
/// is told to the handler as RequestHead::peer.
void serve_connection(ConnectionHost& host, Socket socket, std::string peer);

}  // namespace trainyard::net
