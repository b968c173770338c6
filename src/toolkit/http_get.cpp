#include "toolkit/http_get.hpp"

#include "os/fd.hpp"
#include "toolkit/hosts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

namespace trainyard::toolkit {
namespace {

constexpr int silence_ms_max = 60'000;
constexpr std::size_t head_bytes_max = 64 << 10, error_bytes_max = 64 << 10;

Failure unavailable(std::string message) {
  return fail(ErrorKind::unavailable, "HttpFailure", std::move(message));
}

template <class Number> std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

// The connection and what was read from it but not used yet.
class Connection {
public:
  static Result<Connection> open(const HttpUrl& url) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(url.port);
    to.sin_addr = TRY(address_of(url.host));
    Connection out(url.host + ":" + std::to_string(url.port));
    out.socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!out.socket_) return fail_errno("open a socket");
    if (::connect(out.socket_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return out;
    if (errno != EINPROGRESS) return out.failed("connect to");
    TRY(out.await(POLLOUT));
    socklen_t length = sizeof errno;
    int error = 0;
    ::getsockopt(out.socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    errno = error;
    if (error != 0) return out.failed("connect to");
    return out;
  }

  Result<> send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN)
        TRY(await(POLLOUT));
      else if (n < 0 && errno != EINTR)
        return failed("send to");
      else if (n > 0)
        bytes.remove_prefix(std::size_t(n));
    }
    return {};
  }

  // Unused bytes, more if there are none; "" at the end.
  Result<std::string_view> peek() {
    while (unused_.empty()) {
      const ssize_t n = ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
      if (n < 0 && errno == EAGAIN)
        TRY(await(POLLIN));
      else if (n < 0 && errno != EINTR)
        return failed("read from");
      else if (n >= 0) {
        unused_.assign(buffer_.data(), std::size_t(n));
        at_ = 0;
        if (n == 0) return std::string_view();
      }
    }
    return std::string_view(unused_).substr(at_);
  }

  void use(std::size_t n) {
    at_ += n;
    if (at_ == unused_.size()) unused_.clear();
  }

  // A line without its end.
  Result<std::string> line() {
    std::string out;
    for (;;) {
      const std::string_view bytes = TRY(peek());
      if (bytes.empty()) return unavailable("read from " + peer_ + ": the answer is cut short");
      const std::size_t end = bytes.find('\n');
      out += bytes.substr(0, end);
      use(end == bytes.npos ? bytes.size() : end + 1);
      if (out.size() > head_bytes_max) return unavailable("read from " + peer_ + ": no HTTP");
      if (end == bytes.npos) continue;
      if (out.ends_with('\r')) out.pop_back();
      return out;
    }
  }

  // Exactly `count` bytes to the sink.
  Result<> body(std::uint64_t count, const BodySink& sink) {
    while (count > 0) {
      const std::string_view bytes = TRY(peek());
      if (bytes.empty()) return unavailable("read from " + peer_ + ": the answer is cut short");
      const std::size_t n = std::size_t(std::min<std::uint64_t>(count, bytes.size()));
      TRY(sink(bytes.substr(0, n)));
      use(n);
      count -= n;
    }
    return {};
  }

private:
  explicit Connection(std::string peer) : peer_(std::move(peer)), buffer_(256 << 10) {}

  Failure failed(std::string_view doing) const {
    const int error = errno;
    auto failure = fail_errno(std::string(doing) + " " + peer_, error);
    failure.value().kind = ErrorKind::unavailable;
    return failure;
  }

  Result<> await(short events) const {
    pollfd fd{socket_.get(), events, 0};
    const int n = ::poll(&fd, 1, silence_ms_max);
    if (n == 0) return unavailable("talk to " + peer_ + ": no answer for 60 s");
    if (n < 0 && errno != EINTR) return failed("wait for");
    return {};
  }

  std::string peer_;
  os::Fd socket_;
  std::vector<char> buffer_;
  std::string unused_;
  std::size_t at_ = 0;
};

struct Head {
  int status = 0;
  std::optional<std::uint64_t> length;
  bool chunked = false;
};

Result<Head> read_head(Connection& connection) {
  Head head;
  const std::string status = TRY(connection.line());  // "HTTP/1.1 200 OK"
  const auto code = parse_number<int>(status.size() >= 12 ? std::string_view(status).substr(9, 3)
                                                          : std::string_view());
  if (!status.starts_with("HTTP/1.") || !code) return unavailable("the answer is no HTTP/1.1");
  head.status = *code;
  std::size_t total = 0;
  for (std::string line = TRY(connection.line()); !line.empty(); line = TRY(connection.line())) {
    if ((total += line.size()) > head_bytes_max)
      return unavailable("the answer's head is too long");
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = std::string_view(line).substr(std::min(colon + 1, line.size()));
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    line[colon] = '\0';
    if (::strcasecmp(line.c_str(), "content-length") == 0)
      head.length = parse_number<std::uint64_t>(value);
    if (::strcasecmp(line.c_str(), "transfer-encoding") == 0) head.chunked = value == "chunked";
  }
  return head;
}

Result<> read_body(Connection& connection, const Head& head, const BodySink& sink) {
  if (!head.chunked && head.length) return connection.body(*head.length, sink);
  while (!head.chunked) {  // to the end of the connection
    const std::string_view bytes = TRY(connection.peek());
    if (bytes.empty()) return {};
    TRY(sink(bytes));
    connection.use(bytes.size());
  }
  for (;;) {
    const std::string line = TRY(connection.line());
    const auto size = parse_number<std::uint64_t>(
        std::string_view(line).substr(0, std::min(line.find(';'), line.size())), 16);
    if (!size) return unavailable("a chunk of the answer has no size");
    if (*size == 0) return {};  // trailers are of no interest
    TRY(connection.body(*size, sink));
    TRY(connection.line());
  }
}

}  // namespace

std::string HttpUrl::authority() const {
  return port == 80 ? host : host + ":" + std::to_string(port);
}

Result<HttpUrl> parse_http_url(std::string_view url) {
  const std::string whole(url);
  if (url.starts_with("https://"))
    return fail(ErrorKind::invalid, "InvalidEndpoint",
                "use " + whole +
                    ": TLS is not spoken here; name an http:// endpoint, such as the "
                    "one Trainyard gives a job in AWS_ENDPOINT_URL");
  if (!url.starts_with("http://"))
    return fail(ErrorKind::invalid, "InvalidEndpoint", "use " + whole + ": it must be http://HOST");
  url.remove_prefix(7);
  HttpUrl out;
  const std::size_t slash = std::min(url.find_first_of("/?"), url.size());
  std::string_view authority = url.substr(0, slash);
  if (slash < url.size()) out.target = url.substr(slash);
  if (out.target[0] == '?') out.target.insert(0, "/");
  const std::size_t colon = authority.find(':');
  if (colon != authority.npos) {
    const auto port = parse_number<std::uint16_t>(authority.substr(colon + 1));
    if (!port)
      return fail(ErrorKind::invalid, "InvalidEndpoint", "use " + whole + ": no such port");
    out.port = *port;
  }
  out.host = authority.substr(0, colon);
  return out;
}

Result<int> http_get(const HttpUrl& url, const HttpFields& fields, const BodySink& sink,
                     std::string& error_body) {
  Connection connection = TRY(Connection::open(url));
  std::string request = "GET " + url.target + " HTTP/1.1\r\n";
  for (const auto& [name, value] : fields)
    ((((request += name) += ": ") += value) += "\r\n");
  request += "Connection: close\r\nAccept-Encoding: identity\r\n\r\n";
  TRY(connection.send(request));
  Head head = TRY(read_head(connection));
  while (head.status == 100)
    head = TRY(read_head(connection));
  const BodySink keep = [&](std::string_view bytes) -> Result<> {
    error_body += bytes.substr(0, error_bytes_max - std::min(error_bytes_max, error_body.size()));
    return {};
  };
  TRY(read_body(connection, head, head.status == 200 ? sink : keep));
  return head.status;
}

}  // namespace trainyard::toolkit
