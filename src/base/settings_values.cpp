#include "base/settings_values.hpp"

#include "base/closest.hpp"
#include "base/region.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

namespace trainyard {
namespace {

Failure refuse(std::string message) {
  return fail(ErrorKind::invalid, "InvalidSettings", std::move(message));
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  return ec == std::errc() && end == text.data() + text.size() && !text.empty() && port < 65536;
}

}  // namespace

Result<std::string> read_account(std::string_view text) {
  if (text.size() == 12 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::string(text);
  return refuse(fmt::format("account must be twelve digits, as 123456789012, not '{}'", text));
}

Result<std::string> read_region(std::string_view text) {
  if (std::find(regions.begin(), regions.end(), text) != regions.end()) return std::string(text);
  if (text.empty()) return refuse("region must be one of AWS, as us-east-1");
  return refuse(
      fmt::format("'{}' is no region of AWS; did you mean '{}'?", text, closest(text, regions)));
}

Result<std::string> read_address(std::string_view text) {
  constexpr std::string_view accepted =
      "write an IPv4 address and a port, as 127.0.0.1:8430 or 0.0.0.0:8430";
  const auto colon = text.rfind(':');
  const std::string host(text.substr(0, colon));
  in6_addr six{};
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  const std::string inner = is_bracketed ? host.substr(1, host.size() - 2) : host;
  if (::inet_pton(AF_INET6, inner.c_str(), &six) == 1 ||
      ::inet_pton(AF_INET6, std::string(text).c_str(), &six) == 1)
    return refuse(fmt::format("'{}' is IPv6, which is not offered yet: {}", text, accepted));
  in_addr four{};
  const bool is_host = host == "localhost" || ::inet_pton(AF_INET, host.c_str(), &four) == 1;
  if (colon == std::string_view::npos || !is_host || !is_port(text.substr(colon + 1)))
    return refuse(fmt::format("'{}' is no address to listen on: {}", text, accepted));
  return (host == "localhost" ? "127.0.0.1" : host) + std::string(text.substr(colon));
}

Result<std::string> read_endpoint(std::string_view text) {
  std::string_view rest = text;
  for (const std::string_view scheme : {"https://", "http://"})
    if (rest.starts_with(scheme)) {
      rest.remove_prefix(scheme.size());
      const auto colon = rest.rfind(':');
      const bool is_good = !rest.empty() && rest.find_first_of("/?#@ ") == std::string_view::npos &&
                           (colon == std::string_view::npos || is_port(rest.substr(colon + 1)));
      if (is_good) return std::string(text);
    }
  return refuse(fmt::format("'{}' is no endpoint: write https://HOST or http://HOST:PORT, without "
                            "a path",
                            text));
}

Result<std::string> read_url(std::string_view text) {
  const auto scheme = text.find("://");
  const auto path = scheme == std::string_view::npos ? scheme : text.find('/', scheme + 3);
  const bool is_good =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (is_good && read_endpoint(text.substr(0, path))) return std::string(text);
  return refuse(fmt::format("'{}' is no URL: write https://HOST/PATH or http://HOST:PORT/PATH, "
                            "without a name and password in it",
                            text));
}

Result<std::chrono::seconds> parse_age(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, std::size_t(text.data() + text.size() - end));
  const std::int64_t hours = unit == "d" ? 24 : unit == "h" ? 1 : 0;
  constexpr std::int64_t hours_max = 10 * 365 * 24;
  if (ec == std::errc() && hours > 0 && count >= 1 && count <= hours_max / hours)
    return std::chrono::hours(count * hours);
  return refuse(fmt::format("'{}' is no age: write days or hours, as 30d or 12h", text));
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  std::string_view unit = text.substr(std::size_t(end - text.data()));
  while (unit.starts_with(' '))
    unit.remove_prefix(1);
  constexpr std::array<std::pair<std::string_view, unsigned>, 6> units{
      {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}}};
  for (const auto& [name, shift] : units)
    if (ec == std::errc() && unit == name && n < (std::uint64_t(1) << (62 - shift)))
      return n << shift;
  return refuse(fmt::format("'{}' is no size: write 512MiB, 16GiB or 2TiB", text));
}

}  // namespace trainyard
