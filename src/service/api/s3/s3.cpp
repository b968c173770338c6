#include "service/api/s3/s3.hpp"

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "service/api/s3/content.hpp"
#include "service/api/s3/elsewhere.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/operation.hpp"
#include "service/api/s3/role_check.hpp"
#include "service/objects/collect.hpp"
#include "wire/error_body.hpp"

#include <fmt/format.h>

namespace trainyard::api {
namespace {

constexpr std::size_t key_bytes_max = 1024;

using Scope = S3Operation::Scope;

struct Path {
  std::string_view bucket, key;  // still percent-encoded
  Scope scope() const {
    return bucket.empty() ? Scope::service : key.empty() ? Scope::bucket : Scope::object;
  }
};

// "/BUCKET/KEY"; a key may hold slashes, also at its begin and end.
Path split(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return {path, ""};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// The query without what signs the request: it names no operation.
Result<wire::Query> operation_query(const wire::RequestHead& head) {
  return wire::Query::parse(head.query);
}

struct Ready {
  const S3Operation* operation;
  S3Call call;
};

Result<Ready> make_ready(S3Context& context, std::shared_ptr<net::Exchange> exchange,
                         S3Caller caller) {
  const wire::RequestHead& head = exchange->head();
  const Path path = split(head.path);
  if (path.bucket.empty() && head.path != "/")  // "//BUCKET/KEY" is not the list of buckets
    return bad_request("InvalidURI", "Couldn't parse the specified URI: it names no bucket");
  S3Call call{exchange, std::move(caller), TRY(percent_decode(path.bucket)),
              TRY(percent_decode(path.key)), TRY(operation_query(head))};
  if (call.key.size() > key_bytes_max)
    return bad_request("KeyTooLongError", "Your key is too long");
  if (!is_utf8(call.key) || !is_utf8(call.bucket) || call.key.find('\0') != std::string::npos)
    return bad_request("InvalidURI", "Couldn't parse the specified URI: a key is UTF-8 text");
  const S3Operation* operation = TRY(find_s3_operation(head, path.scope(), call.query));
  const auto owner = head.headers.find("x-amz-expected-bucket-owner");
  if (owner && *owner != context.account)
    return fail(ErrorKind::denied, "AccessDenied", "Access Denied");
  TRY(check_operation(context, call, *operation));
  return Ready{operation, std::move(call)};
}

// AWS's is never full. 507, as others say it: clients do not try that again for minutes.
Error as_full_storage(Error error) {
  if (error.kind == ErrorKind::limit && error.code == "InternalFailure") error.code = "StorageFull";
  return error;
}

void reply(const S3Call& call, Result<wire::Response> outcome) {
  const auto& head = call.head();
  if (!outcome) {
    outcome = Failure(as_full_storage(std::move(outcome.error())));
    if (outcome.error().kind == ErrorKind::internal)
      log::error("a request failed",
                 {{"request", call.caller.request_id}, {"error", outcome.error().message}});
    return call.exchange->reply(
        wire::s3_error(outcome.error(), head.path, call.caller.request_id, head.method == "HEAD"));
  }
  outcome->headers.add("x-amz-request-id", call.caller.request_id);
  call.exchange->reply(std::move(*outcome));
}

Result<wire::Response> run_read(S3Context& context, const Ready& ready) {
  return read_contents(
      context, [&](store::Snapshot& s) { return ready.operation->read(context, ready.call, s); });
}

void run_change(S3Context& context, const Ready& ready) {
  auto prepared = ready.operation->change(context, ready.call);
  if (!prepared) return reply(ready.call, Failure(prepared.error()));
  // Kept until the answer: a change may hold pins, and files that go with it.
  const auto change = std::make_shared<Change>(std::move(*prepared));
  const auto changed = std::make_shared<Changed>();
  context.control.submit(
      [change, changed](store::Txn& txn) -> Result<> {
        *changed = TRY(change->write(txn));
        return {};
      },
      [&context, change, changed, call = ready.call](const Result<>& done) {
        if (change->finished) change->finished(done);
        if (!done) return reply(call, Failure(done.error()));
        reply(call, std::move(changed->response));
        objects::collect(context.control, context.blobs, std::move(changed->freed));
      });
}

void run(S3Context& context, const Ready& ready) {
  if (context.settings.buckets.contains(ready.call.bucket))
    return reply(ready.call, answer_elsewhere(context, ready.call, ready.operation->name));
  if (ready.operation->read) return reply(ready.call, run_read(context, ready));
  run_change(context, ready);
}

}  // namespace

bool wants_body_stream(const wire::RequestHead& head) {
  const auto query = operation_query(head);
  if (!query) return false;
  const auto operation = find_s3_operation(head, split(head.path).scope(), *query);
  return operation && (*operation)->is_streamed;
}

void handle_s3(S3Context& context, std::shared_ptr<net::Exchange> exchange, S3Caller caller) {
  const std::string id = caller.request_id;
  const auto& head = exchange->head();
  auto made = make_ready(context, exchange, std::move(caller));
  const auto refuse = [&](const Error& error) {
    exchange->reply(wire::s3_error(error, head.path, id, head.method == "HEAD"));
  };
  if (!made) return refuse(made.error());
  const bool may_take_long = made->operation->place == S3Operation::Place::bodies ||
                             context.settings.buckets.contains(made->call.bucket);
  Pool& pool = may_take_long ? context.bodies : context.reads;
  const auto ready = std::make_shared<const Ready>(std::move(*made));
  if (!pool.post([&context, ready] { run(context, *ready); }))
    refuse({ErrorKind::unavailable, "SlowDown", "Please reduce your request rate."});
}

Result<> clean_after_start(S3Context& context) {
  TRY(context.uploads.remove_unreferenced());
  const bool posted = context.reads.post([&context] {
    const auto done = objects::collect_after_start(context.control, context.readers, context.blobs);
    if (!done)
      log::warn("contents without a row were not all removed", {{"error", done.error().message}});
  });
  CHECK(posted);  // nothing else is queued at start
  return {};
}

}  // namespace trainyard::api
