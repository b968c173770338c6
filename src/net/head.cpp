#include "net/head.hpp"

#include "base/clock.hpp"
#include "net/client.hpp"

#include <fmt/format.h>

#include <charconv>

namespace trainyard::net {
namespace {

const char* reason(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 204:
    return "No Content";
  case 206:
    return "Partial Content";
  case 304:
    return "Not Modified";
  case 400:
    return "Bad Request";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 409:
    return "Conflict";
  case 411:
    return "Length Required";
  case 412:
    return "Precondition Failed";
  case 413:
    return "Payload Too Large";
  case 416:
    return "Range Not Satisfiable";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  default:
    return "-";
  }
}

}  // namespace

std::optional<std::string> complete_head(wire::RequestHead& head, std::string target) {
  std::size_t lengths = 0, hosts = 0;
  for (const auto& [name, value] : head.headers) {
    lengths += wire::equal_ignoring_case(name, "Content-Length");
    hosts += wire::equal_ignoring_case(name, "Host");
    if (value.find('\0') != std::string::npos) return "a header field holds a NUL";
  }
  if (head.chunked && lengths > 0) return "both Content-Length and Transfer-Encoding were given";
  if (lengths > 1) return "more than one Content-Length was given";
  if (hosts > 1) return "more than one Host was given";
  if (target.empty() || target[0] != '/') return "the request's target must begin with /";
  const auto question = target.find('?');
  head.path = target.substr(0, question);
  head.query = question == std::string::npos ? "" : target.substr(question + 1);
  head.target = std::move(target);
  return std::nullopt;
}

std::string write_head(const wire::Response& response, std::uint64_t length, bool keep_alive,
                       const std::string& date) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\nServer: trainyard\r\nDate: {}\r\n",
                                response.status, reason(response.status), date);
  for (const auto& [name, value] : response.headers) {
    // A value that came from outside must not end the line.
    if (value.find_first_of("\r\n") == std::string::npos) out += name + ": " + value + "\r\n";
  }
  if (response.status != 204 && response.status != 304)
    out += fmt::format("Content-Length: {}\r\n", length);
  out += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return out;
}

wire::Response plain(int status, std::string text) {
  wire::Response out;
  out.status = status;
  out.headers.add("Content-Type", "text/plain");
  out.body = std::move(text) + "\n";
  return out;
}

const std::string& current_date() {
  static thread_local std::int64_t second = 0;
  static thread_local std::string text;
  const Time now = system_clock().now();
  if (to_ms(now) / 1000 != second) {
    second = to_ms(now) / 1000;
    text = http_date(now);
  }
  return text;
}

Result<Address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  unsigned port = 0;
  if (colon != std::string_view::npos && colon > 0) {
    const auto digits = text.substr(colon + 1);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (ec == std::errc() && end == digits.data() + digits.size() && !digits.empty() &&
        port < 65536)
      return Address{std::string(text.substr(0, colon)), std::uint16_t(port)};
  }
  return fail(ErrorKind::invalid, "InvalidSettings",
              fmt::format("'{}' is no address: write HOST:PORT, as 127.0.0.1:8430", text));
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  std::string_view rest = url;
  const bool tls = rest.starts_with("https://");
  if (tls) rest.remove_prefix(8);
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  while (rest.ends_with('/'))
    rest.remove_suffix(1);
  if (rest.find('/') != std::string_view::npos || rest.empty())
    return fail(ErrorKind::invalid, "InvalidArgument",
                fmt::format("'{}' is no endpoint: write http://HOST:PORT", url));
  if (rest.find(':') == std::string_view::npos)
    return Endpoint{std::string(rest), std::uint16_t(tls ? 443 : 80), "", tls};
  const auto address = TRY(parse_address(rest));
  return Endpoint{address.host, address.port, "", tls};
}

}  // namespace trainyard::net
