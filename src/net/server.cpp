#include "net/server.hpp"

#include "base/log.hpp"
#include "net/connection.hpp"
#include "net/fd_watch.hpp"
#include "net/head.hpp"
#include "net/signal.hpp"
#include "net/tls_server.hpp"

#include <boost/asio.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <poll.h>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace trainyard::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

// What all listeners share.
struct Shared {
  Shared(const ServerOptions& o, Handler& h) : options(o), handler(h) {}
  ServerOptions options;
  Handler& handler;
  asio::io_context io;
  asio::thread_pool disk{2};
  std::mutex mutex;
  std::condition_variable idle;
  std::atomic<std::size_t> requests = 0;
  std::size_t tunnels = 0;
  std::shared_ptr<std::atomic<std::size_t>> buffered_bytes =
      std::make_shared<std::atomic<std::size_t>>(0);
};

// One address, and the connections that came in by it.
class Listener : public TunnelHost {
public:
  explicit Listener(Shared& shared) : shared_(shared) {}
  virtual void begin() = 0;
  virtual void end() = 0;
  void close_connections();

protected:
  const ServerOptions& options() const override { return shared_.options; }
  Handler& handler() override { return shared_.handler; }
  asio::thread_pool& disk() override { return shared_.disk; }
  void request_begins() override { ++shared_.requests; }
  void request_ends() override {
    if (--shared_.requests > 0) return;
    const std::lock_guard lock(shared_.mutex);
    shared_.idle.notify_all();
  }
  void tunnel_begins() override {
    const std::lock_guard lock(shared_.mutex);
    ++shared_.tunnels;
  }
  void tunnel_ends() override {
    const std::lock_guard lock(shared_.mutex);
    if (--shared_.tunnels == 0) shared_.idle.notify_all();
  }
  void connection_begins(HostedConnection& connection) override;
  void connection_ends(HostedConnection& connection) override;
  std::shared_ptr<void> take_memory(std::size_t bytes) override;
  /// True if there is no room for one more; whoever idles longest is asked to make some.
  bool is_full();
  void close_longest_idle();
  virtual void room_is_made() = 0;

  Shared& shared_;
  std::mutex mutex_;
  std::set<HostedConnection*> open_;
  bool closing_ = false;
};

void Listener::connection_begins(HostedConnection& connection) {
  const std::lock_guard lock(mutex_);
  open_.insert(&connection);
  if (closing_) connection.close_soon();
}

void Listener::connection_ends(HostedConnection& connection) {
  const std::lock_guard lock(mutex_);
  open_.erase(&connection);
  if (open_.size() + 1 >= shared_.options.connections_max) room_is_made();
}

void Listener::close_connections() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
  for (HostedConnection* connection : open_)
    connection->close_soon();
}

std::shared_ptr<void> Listener::take_memory(std::size_t bytes) {
  const auto& used = shared_.buffered_bytes;
  const bool fits = used->fetch_add(bytes) + bytes <= shared_.options.buffered_bytes_max;
  std::shared_ptr<void> taken(used.get(), [used, bytes](void*) { *used -= bytes; });
  return fits ? taken : nullptr;
}

bool Listener::is_full() {
  {
    const std::lock_guard lock(mutex_);
    if (open_.size() < shared_.options.connections_max) return false;
  }
  close_longest_idle();
  return true;
}

void Listener::close_longest_idle() {
  const std::lock_guard lock(mutex_);
  HostedConnection* longest = nullptr;
  auto since = std::chrono::steady_clock::time_point::max();
  for (HostedConnection* connection : open_)
    if (const auto idle = connection->idle_since(); idle && *idle < since) {
      since = *idle;
      longest = connection;
    }
  if (longest) longest->close_soon();
}

// The reactor may say twice of one client that it is there.
bool somebody_waits(int listening) {
  pollfd p{listening, POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

template <class Acceptor> class ListenerOn final : public Listener {
public:
  explicit ListenerOn(Shared& shared, std::string peer = "", TlsContext tls = {})
      : Listener(shared), acceptor(asio::make_strand(shared.io)), peer_(std::move(peer)),
        tls_(std::move(tls)), room_(acceptor.get_executor()) {}
  void begin() override { asio::co_spawn(acceptor.get_executor(), accept(), asio::detached); }
  void end() override {
    asio::post(acceptor.get_executor(), [this] {
      boost::system::error_code ignored;
      acceptor.close(ignored);
      room_.wake();
    });
  }

  Acceptor acceptor;

private:
  void room_is_made() override {
    asio::post(acceptor.get_executor(), [this] { room_.wake(); });
  }
  awaitable<void> accept();

  const std::string peer_;  // "" where each connection has its own
  const TlsContext tls_;    // none: plain
  Signal room_;
};

template <class Acceptor> awaitable<void> ListenerOn<Acceptor>::accept() {
  constexpr bool is_tcp = std::is_same_v<Acceptor, asio::ip::tcp::acceptor>;
  for (;;) {
    const auto [waited] = co_await acceptor.async_wait(Acceptor::wait_read, as_tuple);
    if (waited || !acceptor.is_open()) co_return;
    if (!somebody_waits(acceptor.native_handle())) continue;
    if (is_full()) {
      co_await room_.wait();
      continue;
    }
    auto [ec, socket] = co_await acceptor.async_accept(asio::make_strand(shared_.io), as_tuple);
    if (ec == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (ec) {  // out of descriptors, or the peer was gone: not our end
      log::warn("a connection could not be accepted", {{"error", ec.message()}});
      close_longest_idle();
      asio::steady_timer pause(shared_.io, Millis(100));
      co_await pause.async_wait(as_tuple);
      continue;
    }
    std::string peer = peer_;
    bool is_local = false;
    boost::system::error_code ignored;
    if constexpr (is_tcp) {
      socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      const auto from = socket.remote_endpoint(ignored);
      peer = from.address().to_string() + ":" + std::to_string(from.port());
      is_local = from.address().is_loopback();
    }
    socket.non_blocking(true, ignored);
    if (tls_)
      serve_tls(*this, tls_, Socket(std::move(socket)), std::move(peer), is_local);
    else
      serve_connection(*this, Socket(std::move(socket)), std::move(peer));
  }
}

constexpr Millis last_words{300};

class ServerImpl final : public Server {
public:
  ServerImpl(ServerOptions options, Handler& handler) : shared_(options, handler) {
    for (int i = 0; i < options.threads; ++i)
      threads_.emplace_back([this] { shared_.io.run(); });
  }
  ~ServerImpl() override { stop(); }

  Result<std::string> listen_tcp(const std::string& address, const TlsIdentity* tls) override;
  Result<> listen_unix(const os::Path& path, unsigned mode, std::string peer) override;
  void accept() override {
    for (const auto& listener : listeners_)
      listener->begin();
  }
  void drain(Millis grace) override {
    for (const auto& listener : listeners_)
      listener->end();
    std::unique_lock lock(shared_.mutex);
    shared_.idle.wait_for(lock, grace, [this] { return shared_.requests == 0; });
  }
  void close_connections() override {
    for (const auto& listener : listeners_)
      listener->close_connections();
  }
  void stop() override {
    {  // what was answered goes out before its connection does
      std::unique_lock lock(shared_.mutex);
      if (!threads_.empty())
        shared_.idle.wait_for(lock, last_words, [this] { return shared_.tunnels == 0; });
    }
    work_.reset();
    shared_.io.stop();
    for (auto& thread : threads_)
      thread.join();
    threads_.clear();
  }
  void run_after(Millis delay, std::function<void()> task) override {
    auto timer = std::make_shared<asio::steady_timer>(shared_.io, delay);
    timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& ec) {
      if (!ec) task();
    });
  }
  Result<std::shared_ptr<void>> watch(int fd, std::function<void()> task) override {
    return watch_fd(shared_.io, fd, std::move(task));
  }

private:
  Shared shared_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ =
      asio::make_work_guard(shared_.io);
  std::vector<std::thread> threads_;
};

namespace {

boost::system::error_code listen_on(asio::ip::tcp::acceptor& acceptor,
                                    const asio::ip::tcp::endpoint& endpoint) {
  boost::system::error_code ec;
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(1024, ec);
  boost::system::error_code ignored;
  if (ec) acceptor.close(ignored);
  return ec;
}

// What a killed service had just forked holds its port until it has become another program, which
// takes milliseconds, and nothing tells when that is.
boost::system::error_code listen_after_a_kill(asio::ip::tcp::acceptor& acceptor,
                                              const asio::ip::tcp::endpoint& endpoint) {
  constexpr int tries = 20;
  boost::system::error_code ec, ignored;
  for (int n = 0; n < tries; ++n) {
    ec = listen_on(acceptor, endpoint);
    if (ec != asio::error::address_in_use) break;
    asio::steady_timer(acceptor.get_executor(), Millis(50)).wait(ignored);
  }
  return ec;
}

}  // namespace

Result<std::string> ServerImpl::listen_tcp(const std::string& address, const TlsIdentity* tls) {
  const auto at = parse_address(address);
  if (!at) return Failure(at.error());
  boost::system::error_code ec;
  const auto host = asio::ip::make_address(at->host, ec);
  if (ec)
    return fail(ErrorKind::invalid, "InvalidSettings",
                "listen on " + address + ": " + ec.message());
  const TlsContext context = tls ? TRY(make_tls_context(*tls)) : nullptr;
  auto listener = std::make_unique<ListenerOn<asio::ip::tcp::acceptor>>(shared_, "", context);
  ec = listen_after_a_kill(listener->acceptor, {host, at->port});
  if (ec)
    return fail(
        ErrorKind::conflict, "InvalidSettings",
        "listen on " + address + ": " + ec.message() +
            ". Stop what listens there (find it: ss -ltnp), or give another --listen "
            "HOST:PORT. A service of this program that listens there has another --data: it "
            "may be the one to use");
  const auto got = listener->acceptor.local_endpoint(ec);
  listeners_.push_back(std::move(listener));
  return at->host + ":" + std::to_string(got.port());
}

Result<> ServerImpl::listen_unix(const os::Path& path, unsigned mode, std::string peer) {
  using Acceptor = asio::local::stream_protocol::acceptor;
  ::unlink(path.c_str());
  auto listener = std::make_unique<ListenerOn<Acceptor>>(shared_, std::move(peer));
  auto& acceptor = listener->acceptor;
  boost::system::error_code ec;
  try {
    const asio::local::stream_protocol::endpoint endpoint(path.string());
    acceptor.open(endpoint.protocol(), ec);
    if (!ec) acceptor.bind(endpoint, ec);
  } catch (const boost::system::system_error& e) {
    ec = e.code();  // the path is too long
  }
  if (!ec && ::chmod(path.c_str(), mode) != 0) return fail_errno("protect " + path.string());
  if (!ec) acceptor.listen(128, ec);
  if (ec) return fail_internal("listen on " + path.string() + ": " + ec.message());
  listeners_.push_back(std::move(listener));
  return {};
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler& handler) {
  return std::unique_ptr<Server>(std::make_unique<ServerImpl>(options, handler));
}

}  // namespace trainyard::net
