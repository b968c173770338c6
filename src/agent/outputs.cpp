#include "agent/outputs.hpp"

#include "agent/endpoint.hpp"
#include "agent/outputs/checkpoints.hpp"
#include "agent/outputs/upload_archive.hpp"
#include "net/client.hpp"
#include "s3/client.hpp"
#include "wire/instance/messages.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
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

bool is_readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, 0) > 0;
}

s3::Retry patience(const net::Endpoint& service, const InstancePaths& paths, int stop_fd) {
  return {.policy = {},
          .pause = s3::pause_unless(stop_fd),
          .clock = &system_clock(),
          .told_to_stop = [stop_fd] { return is_readable(stop_fd); },
          // Nothing is lost by waiting for it, unless its data directory is gone too.
          .service_is_away =
              [service, paths] {
                return nobody_listens(service) && ::access(paths.spec().c_str(), F_OK) == 0;
              }};
}

// One client of the store for one task of the agent.
struct Store {
  std::unique_ptr<s3::Exchange> http;
  s3::Client client;

  static Result<std::unique_ptr<Store>> open(const wire::InstanceSpec& spec,
                                             const InstancePaths& paths, int stop_fd) {
    const net::Endpoint service = TRY(service_endpoint(spec));
    auto http = s3::exchange_with(service, peer_timeout);
    const auto credentials = [service, token = spec.Token] {
      return role_credentials(service, token);
    };
    s3::Client client(*http, fmt::format("{}:{}", service.host, service.port),
                      s3::sign_with(credentials, spec.Region), patience(service, paths, stop_fd));
    return std::unique_ptr<Store>(new Store{std::move(http), std::move(client)});
  }
};

// `tree` is where the job wrote, or was to find, what they speak of.
void add_notes(const std::string& tree, const Notes& notes, std::vector<std::string>& out) {
  for (auto& line : notes.lines(tree))
    out.push_back(std::move(line));
}

Result<std::unique_ptr<Checkpoints>> open_checkpoints(Store& store, const wire::InstanceSpec& spec,
                                                      const InstancePaths& paths) {
  os::Fd directory = TRY(os::open_file(paths.checkpoints(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  std::optional<os::Owner> owner;
  if (::geteuid() == 0) owner = os::Owner{uid_t(spec.HostUid), gid_t(spec.HostGid)};
  return std::make_unique<Checkpoints>(store.client, TRY(s3::parse_uri(spec.Checkpoint->S3Uri)),
                                       std::move(directory), owner, TreeLimits{},
                                       std::uint64_t(spec.OutputBytesMax));
}

}  // namespace

Result<std::vector<std::string>> restore_checkpoints(const wire::InstanceSpec& spec,
                                                     const InstancePaths& paths, int stop_fd) {
  std::vector<std::string> notes;
  if (spec.Service.empty()) return notes;
  const auto store = TRY(Store::open(spec, paths, stop_fd));
  const auto restored = TRY(TRY(open_checkpoints(*store, spec, paths))->restore());
  add_notes("checkpoints", restored.notes, notes);
  return notes;
}

Result<> upload_outputs(const wire::InstanceSpec& spec, const InstancePaths& paths, bool with_model,
                        int stop_fd, Uploaded& uploaded) {
  if (spec.Service.empty()) return {};  // no service: what was written stays where it is
  const auto store = TRY(Store::open(spec, paths, stop_fd));
  PackOptions options;
  options.bytes_max = std::uint64_t(spec.OutputBytesMax);
  if (spec.Checkpoint) {
    const auto synced = TRY(TRY(open_checkpoints(*store, spec, paths))->sync_up());
    add_notes("checkpoints", synced.notes, uploaded.notes);
  }
  const JobDirectory data{paths.ml(), "output/data"};
  auto output = upload_archive(store->client, data, TRY(s3::parse_uri(spec.Output.OutputUri)),
                               WhenEmpty::leave, options);
  if (!output) return in_context(std::move(output).error(), "/opt/ml/output/data");
  add_notes("output/data", output->notes, uploaded.notes);
  if (!with_model) return {};
  const JobDirectory directory{paths.ml(), "model"};
  const s3::Location to = TRY(s3::parse_uri(spec.Output.ModelUri));
  auto model = spec.Output.Compress
                   ? upload_archive(store->client, directory, to, WhenEmpty::upload, options)
                   : upload_files(store->client, directory, to, options.bytes_max);
  if (!model) return in_context(std::move(model).error(), "/opt/ml/model");
  add_notes("model", model->notes, uploaded.notes);
  uploaded.model_uri = spec.Output.ModelUri;
  return {};
}

}  // namespace trainyard::agent
