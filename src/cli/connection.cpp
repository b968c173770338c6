#include "cli/connection.hpp"

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "cli/client_environment.hpp"
#include "wire/sign/signer.hpp"

#include <cstdlib>
#include <optional>
#include <unistd.h>

namespace trainyard::cli {
namespace {

constexpr Millis timeout{30'000};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The endpoint and key that the environment names; nothing unless it names all of them.
std::optional<wire::CredentialsFile> from_variables() {
  wire::CredentialsFile out;
  out.Endpoint = variable("AWS_ENDPOINT_URL");
  out.AccessKeyId = variable("AWS_ACCESS_KEY_ID");
  out.SecretAccessKey = variable("AWS_SECRET_ACCESS_KEY");
  if (out.Endpoint.empty() || out.AccessKeyId.empty() || out.SecretAccessKey.empty()) return {};
  while (out.Endpoint.ends_with('/'))
    out.Endpoint.pop_back();
  out.CaBundle = variable("AWS_CA_BUNDLE");
  const auto region = variable("AWS_REGION"), fallback = variable("AWS_DEFAULT_REGION");
  out.Region = !region.empty() ? region : !fallback.empty() ? fallback : "us-east-1";
  return out;
}

struct ErrorBody {
  std::string __type, message, Message;
};
template <class V> void fields(V& v, ErrorBody& e) {
  v("__type", e.__type);
  v("message", e.message);
  v("Message", e.Message);
}

// The service's words name nothing and lead nowhere.
std::string with_advice(std::string message) {
  if (message != "Requested resource not found.") return message;
  return "there is no job of that name; the newest: trainyard jobs";
}

Failure untrusted(const Error& error, const wire::CredentialsFile& c) {
  if (c.CaBundle.empty()) return Failure(error);
  return fail(error.kind, error.code,
              "call " + c.Endpoint + ": " + error.message + ", which is now " + c.CaBundle +
                  ". Somebody may stand between; if the service was set up anew, ask its admin for "
                  "the fingerprint and log in again: trainyard login " +
                  c.Endpoint + " --fingerprint HEX");
}

Failure service_error(const wire::Response& response) {
  const auto& text = std::get<std::string>(response.body);
  const auto body = wire::decode<ErrorBody>(text);
  const ErrorKind kind = response.status >= 500   ? ErrorKind::unavailable
                         : response.status == 403 ? ErrorKind::denied
                                                  : ErrorKind::invalid;
  if (!body)
    return fail(kind, "InternalFailure", "HTTP " + std::to_string(response.status) + ": " + text);
  return fail(kind, body->__type,
              with_advice(body->message.empty() ? body->Message : body->message));
}

}  // namespace

os::Path default_data() {
  if (const auto named = variable("TRAINYARD_DATA"); !named.empty()) return named;
  if (::geteuid() == 0) return "/var/lib/trainyard";
  if (const auto xdg = variable("XDG_DATA_HOME"); !xdg.empty()) return os::Path(xdg) / "trainyard";
  return os::Path(variable("HOME")) / ".local/share/trainyard";
}

Result<wire::CredentialsFile> stored_credentials(const os::Path& data) {
  return wire::decode<wire::CredentialsFile>(TRY(os::read_file(data / "state/credentials")));
}

os::Path login_file() {
  return config_home() / "trainyard/login.json";
}

Failure no_service(const std::string& url, const os::Path& data) {
  const std::string where = url.empty() ? "on " + data.string() : "at " + url;
  return fail(ErrorKind::unavailable, "NoService",
              "no service is listening " + where + "; start one: trainyard serve --data " +
                  data.string() +
                  ", or name the directory of one that runs: --data, or TRAINYARD_DATA");
}

Connection::Connection(wire::CredentialsFile credentials, std::string token, net::Endpoint endpoint,
                       bool is_local, os::Path data)
    : credentials_(std::move(credentials)), token_(std::move(token)), is_local_(is_local),
      data_(std::move(data)), client_(std::move(endpoint), timeout) {}

Result<net::Endpoint> Connection::endpoint_of(const wire::CredentialsFile& credentials) {
  auto out = TRY(net::parse_endpoint(credentials.Endpoint));
  out.ca_bundle = credentials.CaBundle;
  return out;
}

Result<Connection> Connection::to(wire::CredentialsFile credentials) {
  auto endpoint = TRY(endpoint_of(credentials));
  Connection out(std::move(credentials), "", std::move(endpoint), false, "");
  if (out.credentials_.Account.empty()) out.credentials_.Account = TRY(out.ask_account());
  return out;
}

Result<Connection> Connection::open(const os::Path& data) {
  const bool is_wished = data != default_data() || !variable("TRAINYARD_DATA").empty();
  if (!is_wished && !from_variables()) {
    const auto login = os::read_file(login_file());
    if (login) return to(TRY(wire::decode<wire::CredentialsFile>(*login)));
    if (login.error().kind != ErrorKind::not_found) return Failure(login.error());
  }
  const auto stored = stored_credentials(data);
  if (!stored && stored.error().kind != ErrorKind::not_found) return Failure(stored.error());
  const auto named = from_variables();
  if (!stored && !named) return no_service("", data);
  auto credentials = stored ? *stored : wire::CredentialsFile{};
  const bool is_local = !named || named->Endpoint == credentials.Endpoint;
  std::string token;
  if (named) {
    token = variable("AWS_SESSION_TOKEN");
    const std::string account = is_local ? credentials.Account : "";
    credentials = *named;
    credentials.Account = account;
  }
  auto endpoint = TRY(endpoint_of(credentials));
  Connection out(std::move(credentials), std::move(token), std::move(endpoint), is_local, data);
  if (out.credentials_.Account.empty()) out.credentials_.Account = TRY(out.ask_account());
  return out;
}

void Connection::use(const wire::SessionAnswer& session) {
  credentials_.AccessKeyId = session.AccessKeyId;
  credentials_.SecretAccessKey = session.SecretAccessKey;
  token_ = session.SessionToken;
}

Result<std::string> Connection::ask_account() {
  const auto answer = TRY(post("sts", {{"content-type", "application/x-www-form-urlencoded"}},
                               "Action=GetCallerIdentity&Version=2011-06-15"));
  constexpr std::string_view open = "<Account>", close = "</Account>";
  const auto begin = answer.find(open), end = answer.find(close);
  if (begin == answer.npos || end == answer.npos || end < begin)
    return fail_internal("ask " + credentials_.Endpoint +
                         " whose key this is: is it a SageMaker endpoint? It answered: " + answer);
  return answer.substr(begin + open.size(), end - begin - open.size());
}

Result<std::string> Connection::call(std::string_view target, std::string_view body) {
  return post(
      target.starts_with("Logs_") ? "logs" : "sagemaker",
      {{"content-type", "application/x-amz-json-1.1"}, {"x-amz-target", std::string(target)}},
      body);
}

Result<std::string> Connection::post(std::string_view service, wire::Headers headers,
                                     std::string_view body) {
  wire::RequestHead head;
  head.method = "POST";
  head.target = head.path = "/";
  const auto endpoint = TRY(net::parse_endpoint(credentials_.Endpoint));
  head.headers = std::move(headers);
  head.headers.add("host", endpoint.host + ":" + std::to_string(endpoint.port));
  wire::sign_head(head, {credentials_.AccessKeyId, credentials_.SecretAccessKey, token_},
                  credentials_.Region, service, sha256_hex(body), system_clock().now());
  auto response = client_.send(head, body);
  if (!response && response.error().code == "UntrustedCertificate")
    return untrusted(response.error(), credentials_);
  if (!response && response.error().kind == ErrorKind::unavailable)
    return data_.empty() ? fail(ErrorKind::unavailable, "NoService",
                                "call " + credentials_.Endpoint + ": " + response.error().message)
                         : no_service(credentials_.Endpoint, data_);
  if (!response) return Failure(response.error());
  if (response->status != 200) return service_error(*response);
  return std::get<std::string>(std::move(response->body));
}

}  // namespace trainyard::cli
