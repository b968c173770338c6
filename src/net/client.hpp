#pragma once
/// The HTTP/1.1 client of the agent and the CLI: blocking, one connection kept alive: TCP, TLS or
/// a unix socket.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/fd.hpp"
#include "wire/http.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace trainyard::net {

/// Where a service listens. `unix_path` wins when it is set; `host_header` is then sent as Host.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;
  bool tls = false;
  std::string ca_bundle{};  ///< whom TLS trusts: a file in PEM; "" = this machine's authorities
};
/// Takes "http[s]://HOST[:PORT][/]" and "HOST:PORT"; anything else is an error that says what is
/// accepted.
Result<Endpoint> parse_endpoint(std::string_view url);

/// The certificates that the service at a TLS endpoint shows, in PEM, its own first. Nobody is
/// trusted by that. An error of kind `unavailable` when nobody listens, or no TLS is spoken.
Result<std::vector<std::string>> shown_certificates(const Endpoint& at, Millis timeout);

/// A request body that is pulled: fills `out`, returns how much; 0 ends it early (an error).
using BodySource = std::function<Result<std::size_t>(std::span<char> out)>;
/// A response body that is pushed, piece by piece.
using BodySink = std::function<Result<>(std::span<const char> bytes)>;

class Client {
public:
  /// `timeout` bounds each wait for the peer (connect, a read, a write), not the whole request;
  /// `stop_fd`, unless -1, ends them all with kind `unavailable` when it becomes readable.
  Client(Endpoint endpoint, Millis timeout, int stop_fd = -1);
  /// The same with another bound on connecting.
  Client(Endpoint endpoint, Millis timeout, int stop_fd, Millis connect_timeout);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Sends head and body, returns the answer with its whole body (at most `body_bytes_max`). Host,
  /// Content-Length and Connection are added where the head lacks them. A kept connection that the
  /// peer closed meanwhile is opened anew once. An error of kind `unavailable` when nobody listens.
  Result<wire::Response> send(const wire::RequestHead& head, std::string_view body,
                              std::size_t body_bytes_max = 64u << 20);
  /// The same with a body of exactly `length` bytes pulled from `source`. Not repeated on failure.
  Result<wire::Response> upload(const wire::RequestHead& head, std::uint64_t length,
                                const BodySource& source);
  /// The same with the answer's body pushed into `sink` when the status is 2xx; other bodies are
  /// returned in the response as text. Repeated on a new connection as send() is.
  Result<wire::Response> download(const wire::RequestHead& head, const BodySink& sink);
  /// Asks for `protocol` by Upgrade and gives the connection's descriptor away after a 101 answer.
  /// `early` receives bytes that came behind it.
  Result<os::Fd> upgrade(const wire::RequestHead& head, const std::string& protocol,
                         std::string& early);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trainyard::net
