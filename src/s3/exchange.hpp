#pragma once
/// The two things S3 needs of an HTTP client, as an interface: tests answer in the service's place.

#include "net/client.hpp"

#include <memory>
#include <string_view>

namespace trainyard::s3 {

/// One connection; used by one thread at a time. A peer that is away or breaks off is an error of
/// kind `unavailable`.
class Exchange {
public:
  virtual ~Exchange() = default;
  /// The whole answer; its body is text.
  virtual Result<wire::Response> send(const wire::RequestHead& head, std::string_view body) = 0;
  /// A 2xx answer's body goes into `sink`, others come back as text.
  virtual Result<wire::Response> download(const wire::RequestHead& head,
                                          const net::BodySink& sink) = 0;
};

/// Over net::Client. `timeout` bounds each wait for the peer, and `stop_fd` ends it.
std::unique_ptr<Exchange> exchange_with(net::Endpoint endpoint, Millis timeout, int stop_fd);

}  // namespace trainyard::s3
