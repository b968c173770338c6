#pragma once
/// TLS of the service's side: it ends before HTTP begins. A connection over TLS is served as a
/// plain one, at the other end of a pair of sockets.

#include "net/connection.hpp"
#include "net/server.hpp"

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace trainyard::net {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;
/// An error where the two are not a certificate and its key.
Result<TlsContext> make_tls_context(const TlsIdentity& identity);

/// What a tunnel needs of the server beside what connections do.
class TunnelHost : public ConnectionHost {
public:
  /// From the end of a handshake until nothing more is to be sent. On the tunnel's strand.
  virtual void tunnel_begins() = 0;
  virtual void tunnel_ends() = 0;
};

/// Serves a socket whose client begins TLS. One that does not is served as it is where
/// `may_be_plain`, and else told to. On the socket's executor, which must be a strand.
void serve_tls(TunnelHost& host, TlsContext context, Socket socket, std::string peer,
               bool may_be_plain);

}  // namespace trainyard::net
