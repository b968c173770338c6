#include "s3/exchange.hpp"

#include <algorithm>
#include <cstring>

namespace trainyard::s3 {
namespace {

/// A body up to this is in the peer's socket buffer before it can have answered.
constexpr std::size_t early_answer_bytes = 64 * 1024;

/// Whatever breaks below HTTP may be whole again later: a restart closes connections in the middle.
Result<wire::Response> as_unavailable(Result<wire::Response> answer) {
  if (!answer && answer.error().kind == ErrorKind::internal)
    answer.error().kind = ErrorKind::unavailable;
  return answer;
}

class ClientExchange final : public Exchange {
public:
  ClientExchange(net::Endpoint endpoint, Millis timeout, int stop_fd)
      : client_(std::move(endpoint), timeout, stop_fd) {}

  Result<wire::Response> send(const wire::RequestHead& head, std::string_view body) override {
    if (body.size() <= early_answer_bytes) return as_unavailable(client_.send(head, body));
    // upload() hears a refusal that comes before the body has gone: it must not look like a break.
    return as_unavailable(
        client_.upload(head, body.size(), [&](std::span<char> out) -> Result<std::size_t> {
          const std::size_t count = std::min(out.size(), body.size());
          std::memcpy(out.data(), body.data(), count);
          body.remove_prefix(count);
          return count;
        }));
  }
  Result<wire::Response> download(const wire::RequestHead& head,
                                  const net::BodySink& sink) override {
    return as_unavailable(client_.download(head, sink));
  }

private:
  net::Client client_;
};

}  // namespace

std::unique_ptr<Exchange> exchange_with(net::Endpoint endpoint, Millis timeout, int stop_fd) {
  return std::make_unique<ClientExchange>(std::move(endpoint), timeout, stop_fd);
}

}  // namespace trainyard::s3
