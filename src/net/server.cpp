#include "net/server.hpp"

#include "base/log.hpp"
#include "net/connection.hpp"
#include "net/fd_watch.hpp"
#include "net/head.hpp"
#include "net/signal.hpp"

#include <boost/asio.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
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

class ServerImpl final : public Server, private ConnectionHost {
public:
  ServerImpl(ServerOptions options, Handler& handler) : options_(options), handler_(handler) {
    for (int i = 0; i < options.threads; ++i)
      threads_.emplace_back([this] { io_.run(); });
  }
  ~ServerImpl() override { stop(); }

  Result<std::string> listen_tcp(const std::string& address) override;
  Result<> listen_unix(const os::Path& path, unsigned mode) override;
  void accept() override {
    for (const auto& begin : std::exchange(begin_accepting_, {}))
      begin();
  }
  void drain(Millis grace) override;
  void close_connections() override {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (Closable* connection : open_)
      connection->close_soon();
  }
  void stop() override {
    work_.reset();
    io_.stop();
    for (auto& thread : threads_)
      thread.join();
    threads_.clear();
  }
  void run_after(Millis delay, std::function<void()> task) override {
    auto timer = std::make_shared<asio::steady_timer>(io_, delay);
    timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& ec) {
      if (!ec) task();
    });
  }
  std::shared_ptr<void> watch(int fd, std::function<void()> task) override {
    return watch_fd(io_, fd, std::move(task));
  }

private:
  const ServerOptions& options() const override { return options_; }
  Handler& handler() override { return handler_; }
  void request_begins() override { ++requests_; }
  void request_ends() override {
    if (--requests_ > 0) return;
    const std::lock_guard lock(mutex_);
    idle_.notify_all();
  }
  void connection_begins(Closable& connection) override {
    const std::lock_guard lock(mutex_);
    open_.insert(&connection);
    if (closing_) connection.close_soon();
  }
  void connection_ends(Closable& connection) override;
  template <class Acceptor> void add(std::shared_ptr<Acceptor> acceptor);
  template <class Acceptor>
  awaitable<void> accept_from(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<Signal> room);

  ServerOptions options_;
  Handler& handler_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  std::atomic<std::size_t> connections_ = 0, requests_ = 0;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::set<Closable*> open_;
  bool closing_ = false;
  std::vector<std::function<void()>> begin_accepting_, stop_accepting_;
  std::vector<std::function<void()>> room_made_;
  std::vector<std::thread> threads_;
};

template <class Acceptor>
awaitable<void> ServerImpl::accept_from(std::shared_ptr<Acceptor> acceptor,
                                        std::shared_ptr<Signal> room) {
  constexpr bool is_tcp = std::is_same_v<Acceptor, asio::ip::tcp::acceptor>;
  for (;;) {
    while (connections_ >= options_.connections_max)
      co_await room->wait();
    auto [ec, socket] = co_await acceptor->async_accept(asio::make_strand(io_), as_tuple);
    if (ec == asio::error::operation_aborted || !acceptor->is_open()) co_return;
    if (ec) {  // out of descriptors, or the peer was gone: not our end
      log::warn("a connection could not be accepted", {{"error", ec.message()}});
      asio::steady_timer pause(io_, Millis(100));
      co_await pause.async_wait(as_tuple);
      continue;
    }
    std::string peer = "unix";
    if constexpr (is_tcp) {
      boost::system::error_code ignored;
      socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      const auto from = socket.remote_endpoint(ignored);
      peer = from.address().to_string() + ":" + std::to_string(from.port());
    }
    ++connections_;
    socket.non_blocking(true);
    serve_connection(*this, Socket(std::move(socket)), std::move(peer));
  }
}

void ServerImpl::connection_ends(Closable& connection) {
  const std::lock_guard lock(mutex_);
  open_.erase(&connection);
  if (connections_-- != options_.connections_max) return;
  for (const auto& wake : room_made_)
    wake();
}

template <class Acceptor> void ServerImpl::add(std::shared_ptr<Acceptor> acceptor) {
  const auto room = std::make_shared<Signal>(acceptor->get_executor());
  stop_accepting_.push_back(
      [acceptor] { asio::post(acceptor->get_executor(), [acceptor] { acceptor->close(); }); });
  room_made_.push_back(
      [room, acceptor] { asio::post(acceptor->get_executor(), [room] { room->wake(); }); });
  begin_accepting_.push_back([this, acceptor, room] {
    asio::co_spawn(acceptor->get_executor(), accept_from(acceptor, room), asio::detached);
  });
}

Result<std::string> ServerImpl::listen_tcp(const std::string& address) {
  const auto at = parse_address(address);
  if (!at) return Failure(at.error());
  boost::system::error_code ec;
  const auto host = asio::ip::make_address(at->host, ec);
  if (ec)
    return fail(ErrorKind::invalid, "InvalidSettings",
                "listen on " + address + ": " + ec.message());
  auto acceptor = std::make_shared<asio::ip::tcp::acceptor>(asio::make_strand(io_));
  const asio::ip::tcp::endpoint endpoint(host, at->port);
  acceptor->open(endpoint.protocol(), ec);
  if (!ec) acceptor->set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor->bind(endpoint, ec);
  if (!ec) acceptor->listen(1024, ec);
  if (ec)
    return fail(ErrorKind::conflict, "InvalidSettings",
                "listen on " + address + ": " + ec.message() +
                    ". Stop what listens there, or give another --listen HOST:PORT");
  const auto got = acceptor->local_endpoint(ec);
  add(acceptor);
  return at->host + ":" + std::to_string(got.port());
}

Result<> ServerImpl::listen_unix(const os::Path& path, unsigned mode) {
  using Acceptor = asio::local::stream_protocol::acceptor;
  ::unlink(path.c_str());
  auto acceptor = std::make_shared<Acceptor>(asio::make_strand(io_));
  boost::system::error_code ec;
  try {
    const asio::local::stream_protocol::endpoint endpoint(path.string());
    acceptor->open(endpoint.protocol(), ec);
    if (!ec) acceptor->bind(endpoint, ec);
  } catch (const boost::system::system_error& e) {
    ec = e.code();  // the path is too long
  }
  if (!ec && ::chmod(path.c_str(), mode) != 0) return fail_errno("protect " + path.string());
  if (!ec) acceptor->listen(128, ec);
  if (ec) return fail_internal("listen on " + path.string() + ": " + ec.message());
  add(acceptor);
  return {};
}

void ServerImpl::drain(Millis grace) {
  for (const auto& stop : stop_accepting_)
    stop();
  std::unique_lock lock(mutex_);
  idle_.wait_for(lock, grace, [this] { return requests_ == 0; });
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler& handler) {
  return std::unique_ptr<Server>(std::make_unique<ServerImpl>(options, handler));
}

}  // namespace trainyard::net
