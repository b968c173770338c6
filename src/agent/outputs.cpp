#include "agent/outputs.hpp"

#include "agent/channels/s3_client.hpp"
#include "agent/outputs/checkpoints.hpp"
#include "agent/outputs/upload_archive.hpp"
#include "net/client.hpp"
#include "wire/instance/messages.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <fcntl.h>
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
Result<wire::Credentials> role_credentials(const net::Endpoint& service, const std::string& token) {
  net::Client client(service, peer_timeout);
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

// One client of the store for one task of the agent.
struct Store {
  net::Endpoint service;
  std::unique_ptr<HttpExchange> http;
  S3Client client;

  static Result<std::unique_ptr<Store>> open(const wire::InstanceSpec& spec) {
    const net::Endpoint service = TRY(net::parse_endpoint(spec.Service));
    auto http = exchange_with(service, peer_timeout);
    const auto credentials = [service, token = spec.Token] {
      return role_credentials(service, token);
    };
    S3Client client(*http, fmt::format("{}:{}", service.host, service.port),
                    sign_with(credentials, spec.Region),
                    Retry{{}, pause_unless(-1), &system_clock()});
    return std::unique_ptr<Store>(new Store{service, std::move(http), std::move(client)});
  }
};

void add_notes(const Notes& notes, std::vector<std::string>& out) {
  for (auto& line : notes.lines())
    out.push_back(line);
}

Result<std::unique_ptr<Checkpoints>> open_checkpoints(Store& store, const wire::InstanceSpec& spec,
                                                      const InstancePaths& paths) {
  os::Fd directory = TRY(os::open_file(paths.checkpoints(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  std::optional<FileOwner> owner;
  if (::geteuid() == 0) owner = FileOwner{uid_t(spec.HostUid), gid_t(spec.HostGid)};
  return std::make_unique<Checkpoints>(store.client, TRY(parse_s3_uri(spec.Checkpoint->S3Uri)),
                                       std::move(directory), owner);
}

}  // namespace

Result<> restore_checkpoints(const wire::InstanceSpec& spec, const InstancePaths& paths) {
  if (spec.Service.empty()) return {};
  const auto store = TRY(Store::open(spec));
  TRY(TRY(open_checkpoints(*store, spec, paths))->restore());
  return {};
}

Result<Uploaded> upload_outputs(const wire::InstanceSpec& spec, const InstancePaths& paths,
                                bool with_model) {
  Uploaded out;
  if (spec.Service.empty()) return out;  // no service: what was written stays where it is
  const auto store = TRY(Store::open(spec));
  if (spec.Checkpoint) {
    const auto synced = TRY(TRY(open_checkpoints(*store, spec, paths))->sync_up());
    add_notes(synced.notes, out.notes);
  }
  const auto output =
      TRY(upload_archive(store->client, {paths.ml(), "output/data"},
                         TRY(parse_s3_uri(spec.Output.OutputUri)), WhenEmpty::leave));
  add_notes(output.notes, out.notes);
  if (!with_model) return out;
  const JobDirectory model{paths.ml(), "model"};
  const S3Location to = TRY(parse_s3_uri(spec.Output.ModelUri));
  const auto uploaded = spec.Output.Compress
                            ? TRY(upload_archive(store->client, model, to, WhenEmpty::upload))
                            : TRY(upload_files(store->client, model, to));
  add_notes(uploaded.notes, out.notes);
  out.model_uri = spec.Output.ModelUri;
  return out;
}

}  // namespace trainyard::agent
