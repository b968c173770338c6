#pragma once
/// A client for one thing: GET over plain HTTP/1.1, to the agent's door on the same machine or an
/// S3 on a trusted network. One connection a request. No TLS: that is the door's work.

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trainyard::toolkit {

struct HttpUrl {
  std::string host;
  std::uint16_t port = 80;
  std::string target = "/";  ///< path and query, as they stand in the URL

  /// What goes into the Host field: the port where it is not 80.
  std::string authority() const;
};
/// "http://HOST[:PORT][/PATH]"; https is refused in a sentence.
Result<HttpUrl> parse_http_url(std::string_view url);

using HttpFields = std::vector<std::pair<std::string, std::string>>;

/// Takes the next piece of a body.
using BodySink = std::function<Result<>(std::string_view)>;

/// Sends GET with `fields` (Host included) and returns the status; the body goes to `sink` only for
/// 200, to `error_body` (its first 64 KiB) else. An answer that is cut short is an error of kind
/// `unavailable`, as is a connection that fails or stays silent for 60 s.
Result<int> http_get(const HttpUrl& url, const HttpFields& fields, const BodySink& sink,
                     std::string& error_body);

}  // namespace trainyard::toolkit
