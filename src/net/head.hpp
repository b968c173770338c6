#pragma once
/// Heads of requests and answers as text, and addresses: what of HTTP needs no socket.

#include "base/result.hpp"
#include "wire/http.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace trainyard::net {

/// Splits the target into path and query and checks what could smuggle a second request past us.
/// What is wrong, or nothing.
std::optional<std::string> complete_head(wire::RequestHead& head, std::string target);

/// Status line and header fields of an answer, to the empty line.
std::string write_head(const wire::Response& response, std::uint64_t length, bool keep_alive,
                       const std::string& date);

/// An answer of one line of text, for what HTTP itself refuses.
wire::Response plain(int status, std::string text);

/// The Date header of an answer given now.
const std::string& current_date();

struct Address {
  std::string host;
  std::uint16_t port = 0;
};
/// "HOST:PORT"
Result<Address> parse_address(std::string_view text);

}  // namespace trainyard::net
