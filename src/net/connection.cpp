#include "net/connection.hpp"

#include "net/head.hpp"
#include "net/signal.hpp"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include <atomic>
#include <deque>
#include <future>
#include <mutex>
#include <sys/sendfile.h>
#include <utility>

namespace trainyard::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::awaitable;
using Parser = http::request_parser<http::buffer_body>;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t line_bytes_max = 1u << 20;
constexpr std::size_t sendfile_bytes_max = 1u << 20, small_file_bytes = 64u << 10;

Error gone() {
  return {ErrorKind::unavailable, "RequestTimeout", "the client went away"};
}

class Connection;

// What the answering side asks of the connection's coroutine, handed over on its strand.
struct Wish {
  struct Read {
    std::span<char> out;
    std::promise<Result<std::size_t>>* done;
  };
  struct Upgrade {
    std::string protocol;
    LineCallbacks callbacks;
    std::shared_ptr<class Channel> channel;
  };
  std::variant<Read, wire::Response, Upgrade> what;
};

class Connection final : public HostedConnection, public std::enable_shared_from_this<Connection> {
public:
  Connection(ConnectionHost& server, Socket socket, std::string peer)
      : server_(server), socket_(std::move(socket)), deadline_(socket_.get_executor()),
        wished_(socket_.get_executor()), peer_(std::move(peer)),
        buffer_(2 * server.options().header_bytes_max) {}

  awaitable<void> run();
  /// From any thread. False once the connection is over: nobody will see the wish.
  bool wish(Wish wish);
  std::optional<std::chrono::steady_clock::time_point> idle_since() const override {
    const auto since = idle_since_.load();
    if (since == busy) return {};
    return since;
  }
  auto executor() { return socket_.get_executor(); }
  void close_soon() override {
    asio::post(executor(), [self = shared_from_this()] { self->close(); });
  }
  void close() {
    boost::system::error_code ec;
    socket_.close(ec);
  }

private:
  friend class Channel;
  awaitable<bool> serve_one();
  awaitable<bool> converse(Parser& parser, const wire::RequestHead& head, net::Admission admission);
  awaitable<Result<std::size_t>> read_body(Parser& parser, std::span<char> out);
  awaitable<std::pair<boost::system::error_code, std::size_t>> read_chunked(Parser& parser,
                                                                            std::span<char> out);
  bool body_is_read(const Parser& parser) const {
    return parser.chunked() ? parser.is_done() : unread_ == 0;
  }
  awaitable<Result<std::string>> read_whole(Parser& parser, std::uint64_t bytes_max);
  awaitable<bool> send(const wire::Response& response, bool is_head, bool keep_alive);
  awaitable<bool> send_file(const wire::FileBody& file);
  awaitable<void> line_mode(Wish::Upgrade upgrade);
  awaitable<void> refuse(const boost::system::error_code& ec);
  awaitable<void> refuse(const wire::RequestHead& head, Error error);
  // The one deadline: past it the socket is closed and whatever waits fails.
  void expect_within(Millis limit);
  void expect_nothing() { deadline_.cancel(); }
  void finish();

  ConnectionHost& server_;
  Socket socket_;
  asio::steady_timer deadline_;
  Signal wished_;
  std::string peer_;
  boost::beast::flat_buffer buffer_;
  static constexpr auto busy = std::chrono::steady_clock::time_point::max();
  std::atomic<std::chrono::steady_clock::time_point> idle_since_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point began_;  // this request
  bool asks_first_ = false;                      // Expect: 100-continue, not answered yet
  std::uint64_t body_left_ = 0;                  // what the admitted request may still send
  std::uint64_t unread_ = 0;                     // of a body of known length
  std::mutex mutex_;
  std::deque<Wish> wishes_;
  bool over_ = false;
};

class ExchangeImpl final : public Exchange {
public:
  ExchangeImpl(std::shared_ptr<Connection> connection, wire::RequestHead head,
               std::shared_ptr<void> context, std::string body, std::shared_ptr<void> memory)
      : connection_(std::move(connection)), head_(std::move(head)), context_(std::move(context)),
        body_(std::move(body)), memory_(std::move(memory)) {}
  ~ExchangeImpl() override {
    if (!answered_) connection_->wish({plain(500, "the request was not answered")});
  }

  const wire::RequestHead& head() const override { return head_; }
  const std::shared_ptr<void>& context() const override { return context_; }
  const std::string& body() const override { return body_; }
  Result<std::size_t> read(std::span<char> out) override {
    std::promise<Result<std::size_t>> done;
    auto result = done.get_future();
    if (!connection_->wish({Wish::Read{out, &done}})) return Failure(gone());
    return result.get();
  }
  void reply(wire::Response response) override {
    CHECK(!answered_);
    answered_ = true;
    body_ = {};
    memory_.reset();
    connection_->wish({std::move(response)});
  }
  std::shared_ptr<LineChannel> upgrade(std::string protocol, LineCallbacks callbacks) override;

private:
  std::shared_ptr<Connection> connection_;
  wire::RequestHead head_;
  std::shared_ptr<void> context_;
  std::string body_;
  std::shared_ptr<void> memory_;  // the body's
  bool answered_ = false;
};

class Channel final : public LineChannel, public std::enable_shared_from_this<Channel> {
public:
  explicit Channel(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~Channel() override {
    asio::post(connection_->executor(), [c = connection_] { c->close(); });
  }
  void send(std::string line) override {
    asio::post(connection_->executor(), [self = shared_from_this(), line = std::move(line)] {
      self->out_ += line + "\n";
      if (self->out_.size() > line_bytes_max) return self->connection_->close();
      self->flush();
    });
  }
  void close() override {
    asio::post(connection_->executor(), [self = shared_from_this()] {
      self->closing_ = true;
      if (!self->writing_ && self->out_.empty()) self->connection_->close();
    });
  }
  void open() {
    open_ = true;
    flush();
  }

private:
  void flush() {
    if (writing_ || !open_ || out_.empty()) return;
    writing_ = true;
    sending_ = std::exchange(out_, {});
    asio::async_write(
        connection_->socket_, asio::buffer(sending_),
        [self = shared_from_this()](const boost::system::error_code& ec, std::size_t) {
          self->writing_ = false;
          if (ec || (self->closing_ && self->out_.empty())) return self->connection_->close();
          self->flush();
        });
  }
  std::shared_ptr<Connection> connection_;
  std::string out_, sending_;
  bool open_ = false, writing_ = false, closing_ = false;
};

bool Connection::wish(Wish wish) {
  {
    const std::lock_guard lock(mutex_);
    if (over_) return false;
    wishes_.push_back(std::move(wish));
  }
  asio::post(executor(), [self = shared_from_this()] { self->wished_.wake(); });
  return true;
}

void Connection::finish() {
  std::deque<Wish> left;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    left.swap(wishes_);
  }
  for (auto& wish : left)
    if (auto* read = std::get_if<Wish::Read>(&wish.what)) read->done->set_value(Failure(gone()));
}

void Connection::expect_within(Millis limit) {
  deadline_.expires_after(limit);
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    // One that fired and was overtaken by a later deadline is called all the same.
    const auto self = weak.lock();
    if (self && !ec && self->deadline_.expiry() <= std::chrono::steady_clock::now()) self->close();
  });
}

awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  while (co_await serve_one())
    idle_since_ = std::chrono::steady_clock::now();
  finish();
  expect_nothing();
  close();
  server_.connection_ends(*this);
}

// One request and its answer; true if the connection goes on.
awaitable<bool> Connection::serve_one() {
  Parser parser;
  parser.header_limit(std::uint32_t(server_.options().header_bytes_max));
  parser.body_limit(boost::none);
  if (buffer_.size() == 0) {
    expect_within(server_.options().idle_timeout);
    const auto [waited] = co_await socket_.async_wait(Socket::wait_read, as_tuple);
    if (waited) co_return false;
  }
  expect_within(server_.options().header_timeout);
  const auto [ec, n] = co_await http::async_read_header(socket_, buffer_, parser, as_tuple);
  if (ec) {
    if (ec != http::error::end_of_stream) co_await refuse(ec);
    co_return false;
  }
  expect_nothing();
  idle_since_ = busy;
  wire::RequestHead head;
  const auto& message = parser.get();
  head.method = std::string(message.method_string());
  for (const auto& field : message)
    head.headers.add(std::string(field.name_string()), std::string(field.value()));
  head.chunked = parser.chunked();
  if (const auto length = parser.content_length()) head.content_length = *length;
  head.peer = peer_;
  if (const auto bad = complete_head(head, std::string(message.target()))) {
    co_await send(plain(400, *bad), false, false);
    co_return false;
  }
  server_.request_begins();
  auto admitted = server_.handler().admit(head);
  const bool has_body = head.chunked || head.content_length.value_or(0) > 0;
  bool goes_on = message.keep_alive();
  if (auto* refusal = std::get_if<wire::Response>(&admitted)) {
    goes_on = goes_on && !has_body;
    goes_on = co_await send(*refusal, head.method == "HEAD", goes_on) && goes_on;
  } else {
    goes_on = co_await converse(parser, head, std::get<Admission>(std::move(admitted))) && goes_on;
  }
  server_.request_ends();
  co_return goes_on;
}

awaitable<void> Connection::refuse(const boost::system::error_code& ec) {
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    co_await send(plain(431, "the request's headers are too large"), false, false);
  else if (ec.category() == http::make_error_code(http::error::bad_method).category())
    co_await send(plain(400, "the request is not HTTP/1.1: " + ec.message()), false, false);
}

awaitable<void> Connection::refuse(const wire::RequestHead& head, Error error) {
  const wire::Response refusal = server_.handler().refuse(head, error);
  co_await send(refusal, head.method == "HEAD", false);
}

awaitable<bool> Connection::converse(Parser& parser, const wire::RequestHead& head,
                                     Admission admission) {
  if (head.content_length.value_or(0) > admission.body_bytes_max) {
    co_await refuse(head, {ErrorKind::limit, "EntityTooLarge", "the request's body is too large"});
    co_return false;
  }
  began_ = std::chrono::steady_clock::now();
  body_left_ = admission.body_bytes_max;
  unread_ = head.content_length.value_or(0);
  asks_first_ = wire::equal_ignoring_case(head.headers.get("Expect"), "100-continue");
  std::string body;
  std::shared_ptr<void> memory;
  const bool has_body = head.chunked || unread_ > 0;
  if (admission.buffer && has_body) {
    memory = server_.take_memory(std::size_t(head.chunked ? admission.body_bytes_max : unread_));
    if (!memory) {
      co_await refuse(head,
                      {ErrorKind::unavailable, "SlowDown", "too much is under way; try again"});
      co_return false;
    }
    auto whole = co_await read_whole(parser, admission.body_bytes_max);
    if (!whole) {
      co_await refuse(head, whole.error());
      co_return false;
    }
    body = std::move(*whole);
  }
  expect_nothing();
  const bool keep_alive = parser.get().keep_alive();
  server_.handler().handle(std::make_shared<ExchangeImpl>(
      shared_from_this(), head, std::move(admission.context), std::move(body), std::move(memory)));
  for (;;) {
    std::optional<Wish> wish;
    {
      const std::lock_guard lock(mutex_);
      if (!wishes_.empty()) {
        wish = std::move(wishes_.front());
        wishes_.pop_front();
      }
    }
    if (!wish) {
      co_await wished_.wait();
    } else if (auto* read = std::get_if<Wish::Read>(&wish->what)) {
      read->done->set_value(co_await read_body(parser, read->out));
    } else if (auto* response = std::get_if<wire::Response>(&wish->what)) {
      const bool whole = body_is_read(parser);
      co_return co_await send(*response, head.method == "HEAD", keep_alive && whole) && whole;
    } else {
      co_await line_mode(std::get<Wish::Upgrade>(std::move(wish->what)));
      co_return false;
    }
  }
}

// Fills `out`, or what of it is left to come: few and large pieces, for each one wakes who asked
// for it. A piece must be there within the idle time, so a client cannot hold us by a byte now and
// then.
awaitable<Result<std::size_t>> Connection::read_body(Parser& parser, std::span<char> out) {
  if (std::chrono::steady_clock::now() - began_ > server_.options().request_timeout)
    co_return fail(ErrorKind::unavailable, "RequestTimeout", "the request took too long");
  expect_within(server_.options().idle_timeout);
  std::size_t got = 0;
  boost::system::error_code ec;
  // Only now: whoever refuses a request without its body does so before the client sends it.
  if (std::exchange(asks_first_, false)) {
    static constexpr std::string_view proceed = "HTTP/1.1 100 Continue\r\n\r\n";
    std::tie(ec, got) = co_await asio::async_write(socket_, asio::buffer(proceed), as_tuple);
    got = 0;
  }
  if (ec) {
    // the client is gone
  } else if (parser.chunked()) {
    std::tie(ec, got) = co_await read_chunked(parser, out);
  } else {
    out = out.first(std::size_t(std::min<std::uint64_t>(out.size(), unread_)));
    got = asio::buffer_copy(asio::buffer(out.data(), out.size()), buffer_.data());
    buffer_.consume(got);
    if (got < out.size()) {
      std::size_t n = 0;
      const auto rest = out.subspan(got);
      std::tie(ec, n) =
          co_await asio::async_read(socket_, asio::buffer(rest.data(), rest.size()), as_tuple);
      got += n;
    }
    unread_ -= got;
  }
  expect_nothing();
  if (ec)
    co_return fail(ErrorKind::unavailable, "RequestTimeout",
                   "read the request's body: " + ec.message());
  if (got > body_left_)
    co_return fail(ErrorKind::limit, "EntityTooLarge", "the request's body is too large");
  body_left_ -= got;
  co_return got;
}

awaitable<std::pair<boost::system::error_code, std::size_t>>
Connection::read_chunked(Parser& parser, std::span<char> out) {
  auto& body = parser.get().body();
  body.data = out.data();
  body.size = out.size();
  while (!parser.is_done() && body.size > 0) {
    const auto [ec, n] = co_await http::async_read_some(socket_, buffer_, parser, as_tuple);
    if (ec && ec != http::error::need_buffer) co_return std::pair(ec, std::size_t(0));
  }
  co_return std::pair(boost::system::error_code(), out.size() - body.size);
}

awaitable<Result<std::string>> Connection::read_whole(Parser& parser, std::uint64_t bytes_max) {
  std::string body;
  if (const auto length = parser.content_length()) body.reserve(std::min(*length, bytes_max));
  std::array<char, 16384> piece;
  for (;;) {
    auto n = co_await read_body(parser, piece);
    if (!n) co_return Failure(n.error());
    if (*n == 0) co_return body;
    body.append(piece.data(), *n);
  }
}

awaitable<bool> Connection::send(const wire::Response& response, bool is_head, bool keep_alive) {
  const auto* text = std::get_if<std::string>(&response.body);
  const auto* file = std::get_if<wire::FileBody>(&response.body);
  const std::uint64_t length = response.content_length.value_or(text ? text->size() : file->length);
  const std::string head = write_head(response, length, keep_alive, current_date());
  expect_within(server_.options().idle_timeout);
  std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::const_buffer()};
  if (text && !is_head) parts[1] = asio::buffer(*text);
  const auto [ec, n] = co_await asio::async_write(socket_, parts, as_tuple);
  if (ec) co_return false;
  if (file && !is_head && !co_await send_file(*file)) co_return false;
  expect_nothing();
  co_return true;
}

// What is not in the kernel's cache must not hold up other connections: but for small pieces, a
// thread of the disk's waits for it. It has a descriptor of its own: ours may be closed meanwhile.
awaitable<bool> Connection::send_file(const wire::FileBody& file) {
  const os::Fd out(::fcntl(socket_.native_handle(), F_DUPFD_CLOEXEC, 0));
  if (!out) co_return false;
  off_t at = off_t(file.offset);
  const off_t end = at + off_t(file.length);
  const auto send_piece = [&]() -> int {  // errno
    const ssize_t n =
        ::sendfile(out.get(), file.fd, &at, std::min(std::size_t(end - at), sendfile_bytes_max));
    return n > 0 ? 0 : n == 0 ? ENODATA : errno;  // none: the file is shorter than promised
  };
  while (at < end && socket_.is_open()) {
    int error = 0;
    if (file.length <= small_file_bytes)
      error = send_piece();
    else
      error = co_await asio::co_spawn(
          server_.disk(), [&]() -> awaitable<int> { co_return send_piece(); }, asio::use_awaitable);
    if (error != 0 && error != EAGAIN && error != EINTR) co_return false;
    expect_within(server_.options().idle_timeout);
    if (error != EAGAIN) continue;
    const auto [ec] = co_await socket_.async_wait(Socket::wait_write, as_tuple);
    if (ec) co_return false;
  }
  co_return at == end;
}

std::shared_ptr<LineChannel> ExchangeImpl::upgrade(std::string protocol, LineCallbacks callbacks) {
  CHECK(!answered_);
  answered_ = true;
  auto channel = std::make_shared<Channel>(connection_);
  connection_->wish({Wish::Upgrade{std::move(protocol), std::move(callbacks), channel}});
  return channel;
}

awaitable<void> Connection::line_mode(Wish::Upgrade upgrade) {
  const std::string head =
      fmt::format("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {}\r\n\r\n",
                  upgrade.protocol);
  auto callbacks = std::move(upgrade.callbacks);
  auto [ec, sent] = co_await asio::async_write(socket_, asio::buffer(head), as_tuple);
  if (!ec) upgrade.channel->open();
  upgrade.channel.reset();  // its other owner decides how long it lives
  std::string received(static_cast<const char*>(buffer_.data().data()), buffer_.size());
  buffer_.consume(buffer_.size());
  std::array<char, 16384> piece;
  while (!ec && received.size() <= line_bytes_max) {
    expect_within(callbacks.silence_max);
    for (std::size_t newline; (newline = received.find('\n')) != std::string::npos;) {
      std::string line = received.substr(0, newline);
      received.erase(0, newline + 1);
      callbacks.on_line(std::move(line));
    }
    std::size_t n = 0;
    std::tie(ec, n) = co_await socket_.async_read_some(asio::buffer(piece), as_tuple);
    received.append(piece.data(), n);
  }
  expect_nothing();
  callbacks.on_close();
}

}  // namespace

void serve_connection(ConnectionHost& host, Socket socket, std::string peer) {
  const auto executor = socket.get_executor();
  auto connection = std::make_shared<Connection>(host, std::move(socket), std::move(peer));
  host.connection_begins(*connection);
  asio::co_spawn(executor, [connection] { return connection->run(); }, asio::detached);
}

}  // namespace trainyard::net
