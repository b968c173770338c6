#include "net/tls_server.hpp"

#include "net/head.hpp"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

#include <array>
#include <atomic>
#include <sys/socket.h>
#include <utility>

namespace trainyard::net {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::awaitable;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t piece_bytes = 32u << 10;
constexpr Millis farewell{1000};         // for the peer's part of the end
constexpr unsigned char handshake = 22;  // the first byte of TLS: a record of that type (RFC 8446)

class Tunnel final : public HostedConnection, public std::enable_shared_from_this<Tunnel> {
public:
  Tunnel(TunnelHost& host, TlsContext context, Socket socket, std::string peer, bool may_be_plain)
      : host_(host), limits_(host.options()), context_(std::move(context)),
        tls_(std::move(socket), *context_), ours_(tls_.get_executor()),
        deadline_(tls_.get_executor()), peer_(std::move(peer)), may_be_plain_(may_be_plain) {}

  awaitable<void> run();
  std::optional<std::chrono::steady_clock::time_point> idle_since() const override {
    return since_;
  }
  void close_soon() override {
    asio::post(tls_.get_executor(), [self = shared_from_this()] { self->close(); });
  }

private:
  Socket& outer() { return tls_.next_layer(); }
  void close() {
    boost::system::error_code ignored;
    outer().close(ignored);
    ours_.close(ignored);
  }
  void expect_within(Millis limit);
  awaitable<bool> speaks_tls();
  awaitable<bool> shake_hands();
  awaitable<void> refuse_plain();
  bool open_pair(Socket& inner);
  awaitable<void> pass_in();
  awaitable<void> pass_out();

  TunnelHost& host_;  // until the connection is served
  const ServerOptions limits_;
  TlsContext context_;
  ssl::stream<Socket> tls_;
  Socket ours_;  // of the pair whose other end is served
  asio::steady_timer deadline_;
  std::string peer_;
  const bool may_be_plain_;
  const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

void Tunnel::expect_within(Millis limit) {
  deadline_.expires_after(limit);
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (self && !ec && self->deadline_.expiry() <= std::chrono::steady_clock::now()) self->close();
  });
}

// Looks at the first byte, and leaves it.
awaitable<bool> Tunnel::speaks_tls() {
  unsigned char first = 0;
  const auto [ec] = co_await outer().async_wait(Socket::wait_read, as_tuple);
  co_return !ec && ::recv(outer().native_handle(), &first, 1, MSG_PEEK) == 1 && first == handshake;
}

awaitable<bool> Tunnel::shake_hands() {
  const auto [ec] = co_await tls_.async_handshake(ssl::stream_base::server, as_tuple);
  co_return !ec;
}

awaitable<void> Tunnel::refuse_plain() {
  const auto said =
      plain(400, "this port speaks TLS: write https:// (trainyard login https://...)");
  const auto& body = std::get<std::string>(said.body);
  const std::string text = write_head(said, body.size(), false, current_date()) + body;
  (void)co_await asio::async_write(outer(), asio::buffer(text), as_tuple);
  // What came is read, or the answer would be lost with it.
  boost::system::error_code ignored;
  outer().shutdown(Socket::shutdown_send, ignored);
  expect_within(farewell);
  std::array<char, 4096> piece;
  for (bool more = true; more;) {
    const auto [ec, n] = co_await outer().async_read_some(asio::buffer(piece), as_tuple);
    more = !ec;
  }
}

bool Tunnel::open_pair(Socket& inner) {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) != 0)
    return false;
  const asio::generic::stream_protocol protocol(AF_UNIX, 0);
  boost::system::error_code first, second;
  ours_.assign(protocol, fds[0], first);
  inner.assign(protocol, fds[1], second);
  inner.non_blocking(true, second);
  return !first && !second;
}

awaitable<void> Tunnel::pass_in() {
  std::vector<char> piece(piece_bytes);
  for (;;) {
    const auto [ec, n] = co_await tls_.async_read_some(asio::buffer(piece), as_tuple);
    if (ec) break;
    const auto [failed, m] =
        co_await asio::async_write(ours_, asio::buffer(piece.data(), n), as_tuple);
    if (failed) break;
  }
  boost::system::error_code ignored;
  ours_.shutdown(Socket::shutdown_send, ignored);
}

awaitable<void> Tunnel::pass_out() {
  std::vector<char> piece(piece_bytes);
  for (;;) {
    const auto [ec, n] = co_await ours_.async_read_some(asio::buffer(piece), as_tuple);
    if (ec) break;
    expect_within(limits_.idle_timeout);
    const auto [failed, m] =
        co_await asio::async_write(tls_, asio::buffer(piece.data(), n), as_tuple);
    deadline_.cancel();
    if (failed) break;
  }
  expect_within(farewell);
  (void)co_await tls_.async_shutdown(as_tuple);
  close();
}

awaitable<void> Tunnel::run() {
  const auto self = shared_from_this();
  expect_within(limits_.header_timeout);
  const bool is_tls = co_await speaks_tls();
  if (!is_tls && !may_be_plain_ && outer().is_open()) co_await refuse_plain();
  const bool is_shaken = is_tls && co_await shake_hands();
  deadline_.cancel();
  Socket inner(tls_.get_executor());
  const bool is_served = is_shaken && open_pair(inner);
  // Served from before this one leaves: at no time are there fewer than there are.
  if (is_served) {
    host_.tunnel_begins();
    serve_connection(host_, std::move(inner), peer_);
  } else if (!is_tls && may_be_plain_ && outer().is_open()) {
    serve_connection(host_, std::move(outer()), peer_);
  }
  host_.connection_ends(*this);
  if (!is_served) co_return close();
  asio::co_spawn(tls_.get_executor(), [self] { return self->pass_in(); }, asio::detached);
  co_await pass_out();
  host_.tunnel_ends();
}

}  // namespace

Result<TlsContext> make_tls_context(const TlsIdentity& identity) {
  auto out = std::make_shared<ssl::context>(ssl::context::tls_server);
  ::SSL_CTX_set_min_proto_version(out->native_handle(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(out->native_handle(), SSL_OP_NO_RENEGOTIATION);
  boost::system::error_code ec;
  out->use_certificate_chain(asio::buffer(identity.chain), ec);
  if (!ec) out->use_private_key(asio::buffer(identity.key), ssl::context::pem, ec);
  if (!ec && ::SSL_CTX_check_private_key(out->native_handle()) == 1) return out;
  return fail(ErrorKind::invalid, "InvalidSettings",
              "prepare TLS: the certificate and the key do not go together" +
                  (ec ? " (" + ec.message() + ")" : std::string()));
}

void serve_tls(TunnelHost& host, TlsContext context, Socket socket, std::string peer,
               bool may_be_plain) {
  const auto executor = socket.get_executor();
  auto tunnel = std::make_shared<Tunnel>(host, std::move(context), std::move(socket),
                                         std::move(peer), may_be_plain);
  host.connection_begins(*tunnel);
  asio::co_spawn(executor, [tunnel] { return tunnel->run(); }, asio::detached);
}

}  // namespace trainyard::net
