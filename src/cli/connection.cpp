#include "cli/connection.hpp"

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "wire/sign/signer.hpp"

#include <cstdlib>
#include <unistd.h>

namespace trainyard::cli {
namespace {

constexpr Millis timeout{30'000};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

struct ErrorBody {
  std::string __type, message, Message;
};
template <class V> void fields(V& v, ErrorBody& e) {
  v("__type", e.__type);
  v("message", e.message);
  v("Message", e.Message);
}

Failure service_error(const wire::Response& response) {
  const auto& text = std::get<std::string>(response.body);
  const auto body = wire::decode<ErrorBody>(text);
  const ErrorKind kind = response.status >= 500   ? ErrorKind::unavailable
                         : response.status == 403 ? ErrorKind::denied
                                                  : ErrorKind::invalid;
  if (!body)
    return fail(kind, "InternalFailure", "HTTP " + std::to_string(response.status) + ": " + text);
  return fail(kind, body->__type, body->message.empty() ? body->Message : body->message);
}

}  // namespace

os::Path default_data() {
  if (const auto named = variable("TRAINYARD_DATA"); !named.empty()) return named;
  if (::geteuid() == 0) return "/var/lib/trainyard";
  if (const auto xdg = variable("XDG_DATA_HOME"); !xdg.empty()) return os::Path(xdg) / "trainyard";
  return os::Path(variable("HOME")) / ".local/share/trainyard";
}

Failure no_service(const std::string& url, const os::Path& data) {
  const std::string where = url.empty() ? "on " + data.string() : "at " + url;
  return fail(ErrorKind::unavailable, "NoService",
              "no service is listening " + where + "; start one: trainyard serve --data " +
                  data.string());
}

Connection::Connection(wire::CredentialsFile credentials, std::string token, net::Endpoint endpoint)
    : credentials_(std::move(credentials)), token_(std::move(token)),
      client_(std::move(endpoint), timeout) {}

Result<Connection> Connection::open(const os::Path& data) {
  wire::CredentialsFile credentials;
  std::string token;
  credentials.Endpoint = variable("AWS_ENDPOINT_URL");
  credentials.AccessKeyId = variable("AWS_ACCESS_KEY_ID");
  credentials.SecretAccessKey = variable("AWS_SECRET_ACCESS_KEY");
  if (!credentials.Endpoint.empty() && !credentials.AccessKeyId.empty() &&
      !credentials.SecretAccessKey.empty()) {
    token = variable("AWS_SESSION_TOKEN");
    const auto region = variable("AWS_REGION"), fallback = variable("AWS_DEFAULT_REGION");
    credentials.Region = !region.empty() ? region : !fallback.empty() ? fallback : "us-east-1";
  } else {
    const auto text = os::read_file(data / "state/credentials");
    if (!text && text.error().kind == ErrorKind::not_found) return no_service("", data);
    if (!text) return Failure(text.error());
    credentials = TRY(wire::decode<wire::CredentialsFile>(*text));
  }
  auto endpoint = TRY(net::parse_endpoint(credentials.Endpoint));
  return Connection(std::move(credentials), std::move(token), std::move(endpoint));
}

Result<std::string> Connection::call(std::string_view target, std::string_view body) {
  wire::RequestHead head;
  head.method = "POST";
  head.target = head.path = "/";
  const auto endpoint = TRY(net::parse_endpoint(credentials_.Endpoint));
  head.headers.add("host", endpoint.host + ":" + std::to_string(endpoint.port));
  head.headers.add("content-type", "application/x-amz-json-1.1");
  head.headers.add("x-amz-target", std::string(target));
  const std::string_view service = target.starts_with("Logs_") ? "logs" : "sagemaker";
  wire::sign_head(head, {credentials_.AccessKeyId, credentials_.SecretAccessKey, token_},
                  credentials_.Region, service, sha256_hex(body), system_clock().now());
  auto response = client_.send(head, body);
  if (!response && response.error().kind == ErrorKind::unavailable)
    return no_service(credentials_.Endpoint, default_data());
  if (!response) return Failure(response.error());
  if (response->status != 200) return service_error(*response);
  return std::get<std::string>(std::move(response->body));
}

}  // namespace trainyard::cli
