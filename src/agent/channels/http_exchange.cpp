#include "agent/channels/http_exchange.hpp"

namespace trainyard::agent {
namespace {

/// Whatever breaks below HTTP may be whole again later: a restart closes connections in the middle.
Result<wire::Response> as_unavailable(Result<wire::Response> answer) {
  if (!answer && answer.error().kind == ErrorKind::internal)
    answer.error().kind = ErrorKind::unavailable;
  return answer;
}

class ClientExchange final : public HttpExchange {
public:
  ClientExchange(net::Endpoint endpoint, Millis timeout) : client_(std::move(endpoint), timeout) {}

  Result<wire::Response> send(const wire::RequestHead& head, std::string_view body) override {
    return as_unavailable(client_.send(head, body));
  }
  Result<wire::Response> download(const wire::RequestHead& head,
                                  const net::BodySink& sink) override {
    return as_unavailable(client_.download(head, sink));
  }

private:
  net::Client client_;
};

}  // namespace

std::unique_ptr<HttpExchange> exchange_with(net::Endpoint endpoint, Millis timeout) {
  return std::make_unique<ClientExchange>(std::move(endpoint), timeout);
}

}  // namespace trainyard::agent
