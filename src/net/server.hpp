#pragma once
/// The HTTP/1.1 server: sockets and bytes, no operation.
///
/// A connection is a coroutine on a network thread. A request's handler is told of it twice: once
/// its headers are whole (`admit`, which may refuse before any body byte is read or `100 Continue`
/// sent) and once it may be answered (`handle`). Handlers never run on the network's time: `handle`
/// posts the exchange where the work belongs and returns.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "wire/http.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>

namespace trainyard::net {

/// Lines both ways on a connection that was upgraded. Thread-safe. Closes when its last owner lets
/// go.
class LineChannel {
public:
  virtual ~LineChannel() = default;
  /// Queues one line (no newline in it). Past 1 MiB queued the channel closes: the peer does not
  /// read.
  virtual void send(std::string line) = 0;
  virtual void close() = 0;
};

struct LineCallbacks {
  /// Called on a network thread, one at a time, in order. Lines are at most 1 MiB.
  std::function<void(std::string line)> on_line;
  std::function<void()> on_close;
  /// A peer that says nothing for so long is gone: the connection closes.
  Millis silence_max{3'600'000};
};

/// One request being answered. Held by whoever answers it; dropping it unanswered answers 500.
class Exchange {
public:
  virtual ~Exchange() = default;
  virtual const wire::RequestHead& head() const = 0;
  /// What `admit` put aside for this request.
  virtual const std::shared_ptr<void>& context() const = 0;
  /// The whole body, when admitted with `buffer`.
  virtual const std::string& body() const = 0;
  /// The next bytes of a body that was not buffered; 0 is its end. Blocks: for pool threads only,
  /// one at a time. An error when the client went away, was too slow or sent more than it may.
  virtual Result<std::size_t> read(std::span<char> out) = 0;
  /// Answers. Once; from any thread. body() is empty from here on: the next request of this client
  /// finds its memory given back, however long this exchange is held. A body that was not read to
  /// its end closes the connection.
  virtual void reply(wire::Response response) = 0;
  /// Answers 101 and turns the connection into lines. Once, instead of reply().
  virtual std::shared_ptr<LineChannel> upgrade(std::string protocol, LineCallbacks callbacks) = 0;
};

/// The request may come in.
struct Admission {
  bool buffer = true;                       ///< read the body whole before handle()
  std::uint64_t body_bytes_max = 8u << 20;  ///< more is answered 413
  std::shared_ptr<void> context;
};

class Handler {
public:
  virtual ~Handler() = default;
  /// On a network thread; must not block. A Response refuses: it is sent and the connection closed
  /// unless there is no body to skip.
  virtual std::variant<Admission, wire::Response> admit(const wire::RequestHead& head) = 0;
  /// On a network thread; must not block.
  virtual void handle(std::shared_ptr<Exchange> exchange) = 0;
  /// The words for what the server itself refuses once the headers are in: kind `limit` for a body
  /// that is too large, `unavailable` for one that there is no room for or that did not come. Must
  /// not block.
  virtual wire::Response refuse(const wire::RequestHead& head, const Error& error) = 0;
};

struct ServerOptions {
  int threads = 2;
  std::size_t header_bytes_max = 64u << 10;
  /// Each that it listens on. Past it whoever idles longest between requests makes room.
  std::size_t connections_max = 1024;
  std::size_t buffered_bytes_max = 256u << 20;  ///< of bodies that are read whole, all together
  Millis idle_timeout{75'000};                  ///< between requests, and between bytes of a body
  Millis header_timeout{20'000};  ///< from the first byte of a request to the end of its headers
  Millis request_timeout{86'400'000};  ///< a whole request
};

/// Who a server is over TLS, in PEM.
struct TlsIdentity {
  std::string chain;  ///< its certificate, and those above it
  std::string key;
};

/// Owns its threads and listeners.
class Server {
public:
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler& handler);
  virtual ~Server() = default;
  /// Listens on "HOST:PORT" (PORT 0 = any free one); returns the address it got. Who connects waits
  /// for accept(). An address that is in use is tried for a second.
  /// With `tls` only TLS is spoken there, but to who comes from 127.*: those may do without.
  virtual Result<std::string> listen_tcp(const std::string& address,
                                         const TlsIdentity* tls = nullptr) = 0;
  /// Listens on a unix socket with that mode; an old socket file there is replaced. `peer` is the
  /// RequestHead::peer of all that comes by it.
  virtual Result<> listen_unix(const os::Path& path, unsigned mode, std::string peer) = 0;
  /// Begins with the connections of all that it listens on. Once.
  virtual void accept() = 0;
  /// No new connections; requests at work are answered; returns when all are or `grace` is over.
  virtual void drain(Millis grace) = 0;
  /// Closes all connections: whoever reads a body or answers meets a client that went away.
  virtual void close_connections() = 0;
  /// Ends its threads: no handler, task or watch is called from then on. The destructor does it
  /// too; whoever owns what they work on calls it before that goes.
  virtual void stop() = 0;
  /// Runs `task` on a network thread after `delay`: for timers that need no thread of their own.
  virtual void run_after(Millis delay, std::function<void()> task) = 0;
  /// Runs `task` on a network thread each time `fd` (not owned) becomes readable, until the
  /// returned token is destroyed. For inotify and pidfd descriptors.
  virtual Result<std::shared_ptr<void>> watch(int fd, std::function<void()> task) = 0;
};

}  // namespace trainyard::net
