#include "agent/job_store.hpp"

#include "agent/endpoint.hpp"
#include "net/client.hpp"
#include "wire/instance/messages.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr Millis peer_timeout{60'000};

// The answer of the service's credentials endpoint.
struct RoleCredentials {
  std::string AccessKeyId, SecretAccessKey, Token;
};
template <class V> void fields(V& v, RoleCredentials& c) {
  v("AccessKeyId", c.AccessKeyId, wire::required);
  v("SecretAccessKey", c.SecretAccessKey, wire::required);
  v("Token", c.Token);
}

// The job role's short-lived credentials, asked for anew each time: uploads may last for hours.
Result<wire::Credentials> role_credentials(const net::Endpoint& service, const std::string& token,
                                           int stop_fd) {
  net::Client client(service, peer_timeout, stop_fd);
  wire::RequestHead head;
  head.method = "GET";
  head.target = head.path = wire::credentials_path;
  head.headers.add("Authorization", token);
  const auto response = TRY(client.send(head, ""));
  if (response.status != 200)
    return fail(ErrorKind::unavailable, "InternalFailure",
                fmt::format("get the job's credentials: answered {}", response.status));
  auto answer = TRY(wire::decode<RoleCredentials>(std::get<std::string>(response.body)));
  return wire::Credentials{answer.AccessKeyId, answer.SecretAccessKey, answer.Token};
}

s3::Retry patience(const net::Endpoint& service, const InstancePaths& paths, int stop_fd) {
  auto out = s3::retry_until(stop_fd);
  // Nothing is lost by waiting for it, unless its data directory is gone too.
  out.service_is_away = [service, paths] {
    return nobody_listens(service) && ::access(paths.spec().c_str(), F_OK) == 0;
  };
  return out;
}

}  // namespace

Result<std::unique_ptr<JobStore>> JobStore::open(const wire::InstanceSpec& spec,
                                                 const InstancePaths& paths, int stop_fd) {
  const net::Endpoint service = TRY(service_endpoint(spec));
  auto http = s3::exchange_with(service, peer_timeout, stop_fd);
  const auto credentials = [service, token = spec.Token, stop_fd] {
    return role_credentials(service, token, stop_fd);
  };
  s3::Client client(*http, fmt::format("{}:{}", service.host, service.port),
                    s3::sign_with(credentials, spec.Region), patience(service, paths, stop_fd));
  return std::unique_ptr<JobStore>(new JobStore{std::move(http), std::move(client)});
}

}  // namespace trainyard::agent
