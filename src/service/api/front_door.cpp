#include "service/api/front_door.hpp"

#include "base/arn.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "service/api/logs/await_log_events.hpp"
#include "service/api/trainyard/events.hpp"
#include "service/identity/permission.hpp"
#include "wire/error_body.hpp"
#include "wire/instance/messages.hpp"
#include "wire/json.hpp"
#include "wire/shapes/create_training_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace trainyard::api {
namespace {

constexpr std::uint64_t api_body_bytes_max = 8u << 20;
constexpr std::uint64_t object_bytes_max = 5ull << 40;  // as the service limits an object

enum class Protocol { json, query, rest_json, s3, agent, credentials };

// One port: X-Amz-Target, then a form, then our own paths; all else is S3, unless the signature
// says that it is for a service whose operations are paths too (rest_json; none is offered).
Protocol shape_of(const wire::RequestHead& head) {
  if (head.path == wire::agent_path && head.peer == agent_peer) return Protocol::agent;
  if (head.path == wire::credentials_path) return Protocol::credentials;
  if (head.headers.find("X-Amz-Target")) return Protocol::json;
  if (head.method == "POST" && head.path == "/" &&
      head.headers.get("Content-Type").starts_with("application/x-www-form-urlencoded"))
    return Protocol::query;
  return Protocol::s3;
}

Protocol spoken(Protocol shape, const wire::Signature& signature) {
  const bool is_s3s = signature.service.empty() || signature.service == "s3";
  return shape == Protocol::s3 && !is_s3s ? Protocol::rest_json : shape;
}

// Of a request that is refused before its signature was looked at.
Protocol protocol_of(const wire::RequestHead& head) {
  const Protocol shape = shape_of(head);
  const auto signature = wire::parse_signature(head);
  return signature ? spoken(shape, *signature) : shape;
}

wire::Response refusal(Protocol protocol, const Error& error, const wire::RequestHead& head,
                       const std::string& request_id) {
  if (error.kind == ErrorKind::internal)
    log::error("a request failed", {{"request", request_id}, {"error", error.message}});
  if (protocol == Protocol::json || protocol == Protocol::rest_json)
    return wire::json_error(error, request_id);
  if (protocol == Protocol::query) return wire::query_error(error, request_id);
  return wire::s3_error(error, head.path, request_id, head.method == "HEAD");
}

// What people reach for next, and does not exist here.
bool serves(std::string_view operation) {
  constexpr std::array words{"Endpoint", "Model", "Transform", "endpoints/"};
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return operation.find(word) != std::string_view::npos;
  });
}

// "s3://..." as the request's JSON names it, or where to read it.
std::string model_in(std::string_view body) {
  constexpr std::size_t longest = 1024;
  const auto begin = body.find("\"s3://");
  const auto end = begin == std::string_view::npos ? begin : body.find('"', begin + 1);
  if (end == std::string_view::npos || end - begin > longest)
    return "the S3ModelArtifacts of DescribeTrainingJob";
  return std::string(body.substr(begin + 1, end - begin - 1));
}

Failure not_offered(std::string_view what, std::string_view body = {}) {
  const std::string sentence =
      serves(what)
          ? fmt::format("{} is not offered: Trainyard trains, it does not serve; the model "
                        "is {}",
                        what, model_in(body))
          : fmt::format("{} is not an operation that is offered here.", what);
  return fail(ErrorKind::invalid, "UnknownOperationException", sentence);
}

// The service's words, which clients and their users look for, and the cure behind them.
Failure unknown_key(Protocol protocol) {
  return fail(ErrorKind::denied, wire::auth_code::unknown_key,
              fmt::format("{} This service knows only the keys that it made: `trainyard env` "
                          "prints one.",
                          protocol == Protocol::s3
                              ? "The AWS Access Key Id you provided does not exist in our records."
                              : "The security token included in the request is invalid."));
}

}  // namespace

struct FrontDoor::Request {
  Protocol protocol = Protocol::s3;
  std::string id;
  wire::Signature signature;
  std::shared_ptr<const identity::AccessKey> key;
};

Result<std::shared_ptr<FrontDoor::Request>> FrontDoor::look_at(const wire::RequestHead& head) {
  auto request = std::make_shared<Request>();
  request->protocol = shape_of(head);
  request->id = random_hex(16);
  if (request->protocol == Protocol::agent || request->protocol == Protocol::credentials)
    return request;  // these prove themselves by their instance's token
  request->signature = TRY(wire::parse_signature(head));
  request->protocol = spoken(request->protocol, request->signature);
  if (request->protocol == Protocol::rest_json)
    return not_offered(
        fmt::format("{} {} of {}", head.method, head.path, request->signature.service));
  if (request->signature.kind == wire::Signature::Kind::none)
    return fail(
        ErrorKind::denied, wire::auth_code::missing,
        "Request is missing Authentication Token: sign it with an access key of this service "
        "(trainyard env prints one).");
  request->key = TRY(parts_.services.identity.find(request->signature.access_key));
  if (!request->key) return unknown_key(request->protocol);
  if (request->key->session_token != request->signature.session_token)
    return fail(ErrorKind::denied, wire::auth_code::invalid_token,
                "The security token included in the request is invalid.");
  if (request->key->expires && *request->key->expires < parts_.services.clock.now())
    return fail(ErrorKind::denied, wire::auth_code::expired_token,
                "The security token included in the request is expired.");
  TRY(check_scope(*request, head));
  return request;
}

// A signature for one service opens no other's door. (A form's service is its signature's: run by
// that name.)
Result<> FrontDoor::check_scope(const Request& request, const wire::RequestHead& head) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> services{
      {{"SageMaker.", "sagemaker"}, {"Logs_20140328.", "logs"}, {"Trainyard.", "sagemaker"}}};
  const auto target = head.headers.get("X-Amz-Target");
  const bool is_s3 = request.signature.service == "s3" && request.protocol != Protocol::s3;
  const bool is_anothers = std::any_of(services.begin(), services.end(), [&](const auto& s) {
    return request.protocol == Protocol::json && target.starts_with(s.first) &&
           request.signature.service != s.second;
  });
  if (!is_s3 && !is_anothers) return {};
  return fail(ErrorKind::denied, wire::auth_code::mismatch,
              fmt::format("The signature is scoped to the service '{}', which is not the one that "
                          "this request is for.",
                          request.signature.service));
}

Result<> FrontDoor::check_signature(const Request& request, const wire::RequestHead& head,
                                    std::optional<std::string_view> body_hash) {
  return wire::verify_signature(request.signature, head, request.key->secret, body_hash,
                                parts_.services.clock.now());
}

std::variant<net::Admission, wire::Response> FrontDoor::admit(const wire::RequestHead& head) {
  auto looked = look_at(head);
  if (!looked) return refusal(protocol_of(head), looked.error(), head, random_hex(16));
  auto& request = *looked;
  net::Admission admission;
  admission.body_bytes_max = request->key ? api_body_bytes_max : 0;
  if (request->protocol == Protocol::s3) {
    admission.buffer = !wants_body_stream(head);
    if (!admission.buffer) admission.body_bytes_max = object_bytes_max;
    // Where the signature names the body's hash no body is awaited from a stranger.
    if (!admission.buffer || !request->signature.payload_hash.empty())
      if (const auto checked = check_signature(*request, head, std::nullopt); !checked)
        return refusal(request->protocol, checked.error(), head, request->id);
  }
  admission.context = std::move(request);
  return admission;
}

wire::Response FrontDoor::refuse(const wire::RequestHead& head, const Error& error) {
  wire::Response out = refusal(protocol_of(head), error, head, random_hex(16));
  if (error.kind == ErrorKind::limit) out.status = 413;
  return out;
}

namespace {

wire::Response answer(Protocol protocol, Result<std::string> outcome, const wire::RequestHead& head,
                      const std::string& request_id) {
  if (!outcome) return refusal(protocol, outcome.error(), head, request_id);
  wire::Response out;
  out.headers.add("Content-Type",
                  protocol == Protocol::json ? "application/x-amz-json-1.1" : "text/xml");
  out.headers.add("x-amzn-RequestId", request_id);
  out.body = std::move(*outcome);
  return out;
}

}  // namespace

void FrontDoor::handle(Shared exchange) {
  const auto request = std::static_pointer_cast<Request>(exchange->context());
  if (request->protocol == Protocol::agent) return parts_.sessions.accept(*exchange);
  // A body that is streamed has threads of its own; its signature was checked with its head.
  if (request->protocol == Protocol::s3 && wants_body_stream(exchange->head()))
    return hand_to_s3(*request, exchange);
  // To hash a body is no work for a thread that connections share.
  if (parts_.pool.post([this, request, exchange] { answer_whole(request, exchange); })) return;
  const bool is_ours = request->protocol != Protocol::s3;
  refuse(*request, *exchange,
         {ErrorKind::unavailable, is_ours ? "ThrottlingException" : "SlowDown",
          is_ours ? "Rate exceeded" : "Please reduce your request rate."});
}

void FrontDoor::refuse(const Request& request, net::Exchange& exchange, const Error& error) {
  exchange.reply(refusal(request.protocol, error, exchange.head(), request.id));
}

void FrontDoor::hand_to_s3(const Request& request, Shared exchange) {
  const std::string& region = request.signature.region;
  const auto caller = identity::caller_of(parts_.services.identity.account(), *request.key);
  handle_s3(parts_.s3, std::move(exchange),
            {request.signature, request.key->secret, request.id,
             region.empty() ? parts_.services.settings.region : region, caller.arn(), caller.role});
}

// Answers a request whose body is there, on a thread of the pool.
void FrontDoor::answer_whole(std::shared_ptr<Request> request, Shared exchange) {
  if (request->protocol == Protocol::credentials) return give_credentials(*exchange);
  const auto& head = exchange->head();
  if (const auto checked = check_signature(*request, head, sha256_hex(exchange->body())); !checked)
    return refuse(*request, *exchange, checked.error());
  if (request->protocol == Protocol::s3) return hand_to_s3(*request, exchange);
  Call call = make_call(*request, *exchange);
  std::string name(head.headers.get("X-Amz-Target"));
  if (request->protocol == Protocol::query) {
    auto form = wire::Query::parse(exchange->body());
    if (!form) return refuse(*request, *exchange, form.error());
    call.form = std::move(*form);
    name = request->signature.service + ":" + std::string(call.form.get("Action"));
  }
  if (name == "Trainyard.AwaitLogEvents") return await(await_log_events, request, call, exchange);
  if (name == "Trainyard.AwaitEvents") return await(await_events, request, call, exchange);
  const Operation* operation = find_operation(name);
  if (!operation) return refuse(*request, *exchange, not_offered(name, exchange->body()).value());
  if (operation->prepare) return run_write(*operation, *request, call, exchange);
  auto outcome = parts_.readers.read(
      [&](store::Snapshot& s) { return operation->read(parts_.services, s, call); });
  exchange->reply(answer(request->protocol, std::move(outcome), head, request->id));
}

Call FrontDoor::make_call(const Request& request, net::Exchange& exchange) const {
  Call call;
  call.caller = identity::caller_of(parts_.services.identity.account(), *request.key);
  call.region = request.signature.region;
  call.body = exchange.body();
  call.request_id = request.id;
  return call;
}

namespace {

// A job whose user was revoked goes on and stores what it made; it begins and changes nothing else.
Result<Write> prepare(const Operation& operation, Services& services, const Call& call) {
  if (!call.caller.is_revoked) return operation.prepare(services, call);
  const bool is_ours = operation.name.starts_with("Trainyard.");
  const auto action = operation.name.substr(operation.name.find('.') + 1);
  return identity::not_authorized(call.caller,
                                  fmt::format("{}:{}", is_ours ? "trainyard" : "sagemaker", action),
                                  "", call.caller.user + ", whose job asks, was revoked");
}

}  // namespace

// The operations that wait; they hold no thread while they do.
void FrontDoor::await(Awaiting operation, std::shared_ptr<Request> request, const Call& call,
                      Shared exchange) {
  const Waiting waiting{parts_.services, parts_.readers, parts_.pool, parts_.follower};
  operation(waiting, call, [request, exchange](Result<std::string> outcome) {
    exchange->reply(answer(request->protocol, std::move(outcome), exchange->head(), request->id));
  });
}

void FrontDoor::run_write(const Operation& operation, const Request& request, const Call& call,
                          Shared exchange) {
  auto write = prepare(operation, parts_.services, call);
  if (!write)
    return exchange->reply(refusal(request.protocol, write.error(), exchange->head(), request.id));
  auto body = std::make_shared<std::string>();
  auto work = [body, write = std::move(write->write)](store::Txn& txn) -> Result<> {
    *body = TRY(write(txn));
    return {};
  };
  parts_.control.submit(std::move(work), [body, protocol = request.protocol, id = request.id,
                                          exchange,
                                          committed = std::move(write->committed)](Result<> done) {
    if (done) committed();
    auto outcome = done ? Result<std::string>(std::move(*body)) : Failure(done.error());
    exchange->reply(answer(protocol, std::move(outcome), exchange->head(), id));
  });
}

namespace {

Result<std::string> role_of(const store::JobRow& row) {
  const auto request = TRY(wire::decode<wire::CreateTrainingJobRequest>(row.request));
  return std::string(arn_name(request.RoleArn));
}

}  // namespace

// GET /-/credentials  Authorization: TOKEN  ->  what every AWS SDK expects of a container's
// endpoint.
void FrontDoor::give_credentials(net::Exchange& exchange) {
  const std::string token(exchange.head().headers.get("Authorization"));
  const Time now = parts_.services.clock.now();
  const auto key = [&]() -> Result<identity::AccessKey> {
    using identity::JobIdentity;
    const auto job = TRY(parts_.readers.read([&](store::Snapshot& s) -> Result<JobIdentity> {
      const auto instance = TRY(store::find_instance_by_token(s, token));
      const auto row = instance ? TRY(store::find_job(s, instance->job)) : std::nullopt;
      if (!row || row->ended)
        return fail(ErrorKind::denied, "AccessDenied", "the job's token is not valid (any more)");
      return JobIdentity{row->id, row->user, TRY(role_of(*row))};
    }));
    return parts_.services.identity.job_key(job, now);
  }();
  wire::Response out;
  out.headers.add("Content-Type", "application/json");
  if (!key) {
    out.status = key.error().kind == ErrorKind::denied ? 403 : 500;
    out.body = fmt::format("{{\"message\":{}}}", wire::quote_json(key.error().message));
  } else {
    out.body = fmt::format("{{\"AccessKeyId\":{},\"SecretAccessKey\":{},\"Token\":{},"
                           "\"Expiration\":{}}}",
                           wire::quote_json(key->id), wire::quote_json(key->secret),
                           wire::quote_json(key->session_token),
                           wire::quote_json(iso8601(key->expires.value_or(now))));
  }
  exchange.reply(std::move(out));
}

}  // namespace trainyard::api
