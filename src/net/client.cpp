#include "net/client.hpp"

#include "net/tls.hpp"
#include "net/wait.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace trainyard::net {
namespace {

constexpr std::size_t head_bytes_max = 64u << 10;
constexpr std::size_t piece_bytes = 256u << 10;
constexpr std::size_t refusal_bytes_max = 1u << 20;
constexpr int heads_max = 10, trailers_max = 100;  // of one answer

Failure unavailable(std::string message) {
  return fail(ErrorKind::unavailable, "ServiceUnavailable", std::move(message));
}

Result<os::Fd> connect_to(int family, const sockaddr* address, socklen_t size, Wait wait) {
  os::Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("make a socket");
  if (::connect(fd.get(), address, size) == 0) return fd;
  if (errno != EINPROGRESS) return unavailable(std::string("connect: ") + std::strerror(errno));
  TRY(wait_for(fd.get(), POLLOUT, wait, "connect"));
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return unavailable(std::string("connect: ") + std::strerror(error));
  return fd;
}

Result<os::Fd> connect_unix(const std::string& path, Wait wait) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(ErrorKind::invalid, "InvalidArgument", "the socket's path is too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, wait);
}

Result<os::Fd> connect_tcp(const Endpoint& at, Wait wait) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int found = ::getaddrinfo(at.host.c_str(), std::to_string(at.port).c_str(), &hints, &list);
  if (found != 0) return unavailable("find " + at.host + ": " + ::gai_strerror(found));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, ::freeaddrinfo);
  Result<os::Fd> last = unavailable("find " + at.host);
  for (const addrinfo* a = list; a; a = a->ai_next) {
    last = connect_to(a->ai_family, a->ai_addr, a->ai_addrlen, wait);
    if (!last) continue;
    const int on = 1;
    ::setsockopt(last->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return last;
  }
  return last;
}

}  // namespace

Result<std::vector<std::string>> shown_certificates(const Endpoint& at, Millis timeout) {
  const os::Fd fd = TRY(connect_tcp(at, {timeout}));
  return Tls::shown(fd.get(), at.host, {timeout});
}

Result<> wait_for(int fd, short events, Wait wait, std::string_view doing) {
  std::array<pollfd, 2> fds{pollfd{fd, events, 0}, pollfd{wait.stop_fd, POLLIN, 0}};
  for (;;) {
    const int n = ::poll(fds.data(), fds.size(), int(wait.longest.count()));
    if (n > 0 && fds[1].revents != 0) return unavailable(std::string(doing) + ": told to stop");
    if (n > 0) return {};
    if (n == 0) return unavailable(std::string(doing) + ": no answer in time");
    if (errno != EINTR) return fail_errno(std::string(doing));
  }
}

// What was received and is not used yet. Its memory is taken once and never filled with zeros.
class Received {
public:
  std::string_view text() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool is_empty() const { return begin_ == end_; }
  void drop(std::size_t n) { begin_ += n; }
  void clear() { begin_ = end_ = 0; }
  /// Where more may come: at least one piece, for as long as a line is kept short.
  std::span<char> room() {
    if (!bytes_) bytes_ = std::make_unique_for_overwrite<char[]>(size);
    if (begin_ > 0 && size - end_ < piece_bytes) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
      end_ -= std::exchange(begin_, 0);
    }
    return {bytes_.get() + end_, std::min(piece_bytes, size - end_)};
  }
  void came(std::size_t n) { end_ += n; }

private:
  static constexpr std::size_t size = head_bytes_max + 2 * piece_bytes;
  std::unique_ptr<char[]> bytes_{};
  std::size_t begin_ = 0, end_ = 0;
};

// One connection and the bytes received but not yet used.
struct Client::Impl {
  Endpoint endpoint;
  Wait wait, connect_wait;
  os::Fd fd{};
  std::unique_ptr<Tls> tls{};  // over the descriptor, where the endpoint wants it
  Received received{};

  Result<> open() {
    close();
    fd = TRY(endpoint.unix_path.empty() ? connect_tcp(endpoint, connect_wait)
                                        : connect_unix(endpoint.unix_path, connect_wait));
    if (!endpoint.tls) return {};
    auto shaken = Tls::connect(fd.get(), endpoint.host, endpoint.ca_bundle, wait);
    if (!shaken) {
      fd.reset();
      return Failure(shaken.error());
    }
    tls = std::move(*shaken);
    return {};
  }
  void close() {
    received.clear();
    tls.reset();
    fd.reset();
  }
  Result<> write(std::string_view bytes) {
    if (tls) return tls->write(bytes);
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0)
        bytes.remove_prefix(std::size_t(n));
      else if (errno == EAGAIN)
        TRY(wait_for(fd.get(), POLLOUT, wait, "send the request"));
      else if (errno != EINTR)
        return unavailable(std::string("send the request: ") + std::strerror(errno));
    }
    return {};
  }
  /// Adds what comes to `received`; false at the end of the stream.
  Result<bool> fill() {
    const std::span<char> room = received.room();
    const std::size_t n = TRY(tls ? tls->read(room) : read(room));
    received.came(n);
    return n > 0;
  }
  Result<std::size_t> read(std::span<char> out) {
    for (;;) {
      const ssize_t n = ::recv(fd.get(), out.data(), out.size(), 0);
      if (n >= 0) return std::size_t(n);
      if (errno == EAGAIN)
        TRY(wait_for(fd.get(), POLLIN, wait, "read the answer"));
      else if (errno != EINTR)
        return unavailable(std::string("read the answer: ") + std::strerror(errno));
    }
  }
  Result<std::string> line() {
    std::size_t end;
    while ((end = received.text().find("\r\n")) == std::string_view::npos) {
      if (received.text().size() > head_bytes_max)
        return unavailable("read the answer: a line has no end");
      if (!TRY(fill())) return unavailable("read the answer: the connection closed");
    }
    std::string out(received.text().substr(0, end));
    received.drop(end + 2);
    return out;
  }

  template <class Attempt> Result<wire::Response> on_kept_or_new(const Attempt& attempt) {
    if (fd) {
      auto out = attempt();
      if (out || !received.is_empty()) return out;  // else the peer had closed what was kept
    }
    TRY(open());
    return attempt();
  }
  Result<wire::Response> read_head();
  Result<> read_body(const wire::Response& head, bool has_none, const BodySink& sink);
  Result<> pass(std::uint64_t length, const BodySink& sink);
  Result<> send_head(const wire::RequestHead& head, std::optional<std::uint64_t> length);
};

Result<wire::Response> Client::Impl::read_head() {
  for (int heads = 0; heads < heads_max; ++heads) {
    const std::string status = TRY(line());
    wire::Response out;
    if (!status.starts_with("HTTP/1.") || status.size() < 12)
      return unavailable("read the answer: it is not HTTP/1.1");
    std::from_chars(status.data() + 9, status.data() + 12, out.status);
    for (;;) {
      const std::string field = TRY(line());
      if (field.empty()) break;
      const auto colon = field.find(':');
      if (colon == std::string::npos || out.headers.size() > 200)
        return unavailable("read the answer: a header field is broken");
      auto value = std::string_view(field).substr(colon + 1);
      while (value.starts_with(' '))
        value.remove_prefix(1);
      while (value.ends_with(' '))
        value.remove_suffix(1);
      out.headers.add(field.substr(0, colon), std::string(value));
    }
    if (out.status >= 200 || out.status == 101)
      return out;  // 100 Continue and its like are passed over
  }
  return unavailable("read the answer: it does not come");
}

Result<> Client::Impl::pass(std::uint64_t length, const BodySink& sink) {
  while (length > 0) {
    if (received.is_empty() && !TRY(fill())) return unavailable("read the answer: it ended early");
    const auto n = std::size_t(std::min<std::uint64_t>(length, received.text().size()));
    TRY(sink(std::span<const char>(received.text().data(), n)));
    received.drop(n);
    length -= n;
  }
  return {};
}

Result<> Client::Impl::read_body(const wire::Response& head, bool has_none, const BodySink& sink) {
  if (has_none || head.status == 204 || head.status == 304) return {};
  if (wire::equal_ignoring_case(head.headers.get("Transfer-Encoding"), "chunked")) {
    for (;;) {
      const std::string size = TRY(line());
      std::uint64_t n = 0;
      const auto [end, ec] = std::from_chars(size.data(), size.data() + size.size(), n, 16);
      if (ec != std::errc()) return unavailable("read the answer: a chunk is broken");
      if (n == 0) break;
      TRY(pass(n, sink));
      TRY(line());
    }
    for (int trailers = 0; !TRY(line()).empty(); ++trailers)
      if (trailers == trailers_max) return unavailable("read the answer: it has no end");
    return {};
  }
  if (const auto text = head.headers.find("Content-Length")) {
    std::uint64_t n = 0;
    const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), n);
    if (ec != std::errc()) return unavailable("read the answer: its length is broken");
    return pass(n, sink);
  }
  do {
    TRY(sink(std::span<const char>(received.text())));
    received.clear();
  } while (TRY(fill()));
  close();
  return {};
}

Result<> Client::Impl::send_head(const wire::RequestHead& head,
                                 std::optional<std::uint64_t> length) {
  std::string text = head.method + " " + head.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : head.headers) {
    if (value.find_first_of("\r\n") != std::string::npos)
      return fail(ErrorKind::invalid, "InvalidArgument", "header " + name + " holds a line end");
    text += name + ": " + value + "\r\n";
  }
  if (!head.headers.find("Host"))
    text += "Host: " +
            (endpoint.unix_path.empty() ? endpoint.host + ":" + std::to_string(endpoint.port)
                                        : std::string("localhost")) +
            "\r\n";
  if (length && !head.headers.find("Content-Length"))
    text += "Content-Length: " + std::to_string(*length) + "\r\n";
  return write(text + "\r\n");
}

Client::Client(Endpoint endpoint, Millis timeout, int stop_fd)
    : Client(std::move(endpoint), timeout, stop_fd, timeout) {}
Client::Client(Endpoint endpoint, Millis timeout, int stop_fd, Millis connect_timeout)
    : impl_(new Impl{std::move(endpoint), {timeout, stop_fd}, {connect_timeout, stop_fd}}) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

namespace {

bool closes(const wire::Response& head) {
  return wire::equal_ignoring_case(head.headers.get("Connection"), "close");
}

}  // namespace

Result<wire::Response> Client::send(const wire::RequestHead& head, std::string_view body,
                                    std::size_t body_bytes_max) {
  Impl& c = *impl_;
  const auto attempt = [&]() -> Result<wire::Response> {
    TRY(c.send_head(head, body.empty() && head.method != "POST" && head.method != "PUT"
                              ? std::nullopt
                              : std::optional<std::uint64_t>(body.size())));
    TRY(c.write(body));
    return c.read_head();
  };
  auto out = c.on_kept_or_new(attempt);
  std::string text;
  if (out) {
    const Result<> read =
        c.read_body(*out, head.method == "HEAD", [&](std::span<const char> bytes) -> Result<> {
          if (text.size() + bytes.size() > body_bytes_max)
            return unavailable("the answer is too large");
          text.append(bytes.data(), bytes.size());
          return {};
        });
    if (!read) out = Failure(read.error());
  }
  if (!out || closes(*out)) c.close();
  if (out) out->body = std::move(text);
  return out;
}

Result<wire::Response> Client::upload(const wire::RequestHead& head, std::uint64_t length,
                                      const BodySource& source) {
  Impl& c = *impl_;
  // A fresh connection: this body cannot be sent twice.
  TRY(c.open());
  const auto out = [&]() -> Result<wire::Response> {
    TRY(c.send_head(head, length));
    std::string piece(piece_bytes, '\0');
    for (std::uint64_t left = length; left > 0;) {
      const std::size_t n =
          TRY(source({piece.data(), std::size_t(std::min<std::uint64_t>(left, piece.size()))}));
      if (n == 0) return fail_internal("send a body: its source ended early");
      // A service that refuses answers before it has read all: its answer says more than the broken
      // pipe.
      if (!c.write({piece.data(), n})) break;
      left -= n;
    }
    auto response = TRY(c.read_head());
    std::string text;
    TRY(c.read_body(response, false, [&](std::span<const char> bytes) -> Result<> {
      if (text.size() + bytes.size() > refusal_bytes_max)
        return unavailable("the answer is too large");
      text.append(bytes.data(), bytes.size());
      return {};
    }));
    response.body = std::move(text);
    return response;
  }();
  if (!out || closes(*out)) c.close();
  return out;
}

Result<wire::Response> Client::download(const wire::RequestHead& head, const BodySink& sink) {
  Impl& c = *impl_;
  const auto asked = [&]() -> Result<wire::Response> {
    TRY(c.send_head(head, std::nullopt));
    return c.read_head();
  };
  const auto out = [&]() -> Result<wire::Response> {
    auto response = TRY(c.on_kept_or_new(asked));
    std::string text;
    const bool good = response.status / 100 == 2;
    TRY(c.read_body(response, head.method == "HEAD", [&](std::span<const char> bytes) -> Result<> {
      if (good) return sink(bytes);
      if (text.size() + bytes.size() > refusal_bytes_max)
        return unavailable("a refusal is too large");
      text.append(bytes.data(), bytes.size());
      return {};
    }));
    response.body = std::move(text);
    return response;
  }();
  if (!out || closes(*out)) c.close();
  return out;
}

Result<os::Fd> Client::upgrade(const wire::RequestHead& head, const std::string& protocol,
                               std::string& early) {
  Impl& c = *impl_;
  if (c.endpoint.tls) return unavailable("change to " + protocol + ": not offered over TLS");
  TRY(c.open());
  wire::RequestHead asking = head;
  asking.headers.add("Connection", "Upgrade");
  asking.headers.add("Upgrade", protocol);
  TRY(c.send_head(asking, std::nullopt));
  const auto response = TRY(c.read_head());
  if (response.status != 101)
    return unavailable("change to " + protocol + ": answered " + std::to_string(response.status));
  early = c.received.text();
  c.received.clear();
  return std::move(c.fd);
}

}  // namespace trainyard::net
