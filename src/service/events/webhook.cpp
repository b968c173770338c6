#include "service/events/webhook.hpp"

#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "service/engine/environments.hpp"
#include "service/events/event.hpp"
#include "service/store/jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

// POST /PATH  Trainyard-Signature: t=1795000000,v1=5f1c...  {one event as JSON}
// 2xx and any body

namespace trainyard::events {
namespace {

// Looking a host up takes as long as it takes: only this endpoint's thread waits for it.
constexpr Millis connect_limit{5'000}, request_limit{10'000};
constexpr std::int64_t batch_max = 32;
constexpr std::size_t answer_bytes_max = 64u << 10;

// "https://HOST:PORT/PATH" in two.
std::size_t path_begins(const std::string& url) {
  return std::min(url.find('/', url.find("://") + 3), url.size());
}
std::string front_of(const std::string& url) {
  return url.substr(0, path_begins(url));
}
std::string target_of(const std::string& url) {
  const std::string path = url.substr(path_begins(url));
  return path.empty() ? "/" : path;
}
std::string authority_of(const std::string& url) {
  return front_of(url).substr(url.find("://") + 3);
}

}  // namespace

Millis jittered_backoff(int failures) {
  return backoff(failures, std::stoi(random_hex(2), nullptr, 16) / 65536.0);
}

std::string Webhook::key_of(const WebhookSettings& settings) {
  return sha256_hex(settings.url);
}

Webhook::Webhook(const WebhookSettings& settings, Parts parts, net::Endpoint endpoint,
                 os::Timer timer)
    : settings_(settings), parts_(parts), authority_(authority_of(settings.url)),
      target_(target_of(settings.url)), key_(key_of(settings)), timer_(std::move(timer)),
      client_(std::move(endpoint), request_limit, timer_.fd(), connect_limit) {}

Result<std::unique_ptr<Webhook>> Webhook::start(const WebhookSettings& settings, Parts parts) {
  net::Endpoint endpoint = TRY(net::parse_endpoint(front_of(settings.url)));
  endpoint.ca_bundle = settings.ca_bundle;
  std::unique_ptr<Webhook> out(
      new Webhook(settings, parts, std::move(endpoint), TRY(os::Timer::make())));
  out->told_ = out->kept_ = TRY(parts.control.submit_and_wait(
      [&](store::Txn& txn) { return store::webhook_told(txn, out->key_); }));
  out->thread_ = std::thread([w = out.get()] { w->run(); });
  return out;
}

Webhook::~Webhook() {
  stop();
}

void Webhook::wake() {
  {
    const std::lock_guard lock(mutex_);
    has_more_ = true;
  }
  changed_.notify_all();
}

void Webhook::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    timer_.set(Millis(0));
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Webhook::run() {
  while (await_events())
    while (deliver_some()) {
    }
}

// False when it is to end.
bool Webhook::await_events() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return has_more_ || stopping_; });
  has_more_ = false;
  return !stopping_;
}

// False when there is nothing more, or it is to end.
bool Webhook::deliver_some() {
  const auto rows = parts_.readers.read(
      [this](store::Snapshot& s) { return store::outbox_after(s, told_, batch_max); });
  if (!rows) {
    log::error("events could not be read; it is tried again", {{"error", rows.error().message}});
    ++failures_;
    return pause();
  }
  if (rows->empty()) return false;
  if (const auto lost = rows->front().id - told_ - 1; lost > 0)
    log::warn("events were not delivered for so long that they are no longer kept",
              {{"webhook", authority_}, {"events", std::to_string(lost)}});
  for (const auto& row : *rows) {
    if (!is_done_with(row)) return keep_told(), pause();
    told_ = row.id;
    failures_ = refusals_ = 0;
  }
  return keep_told(), true;
}

// Nothing where it is not for this webhook.
Result<std::optional<std::string>> Webhook::body_of(const store::OutboxRow& row) {
  return parts_.readers.read([&](store::Snapshot& s) -> Result<std::optional<std::string>> {
    const auto job = TRY(store::find_job(s, row.job));
    if (!job || !engine::glob_matches(settings_.jobs, job->name)) return std::nullopt;
    return TRY(event_body(row, *job));
  });
}

// Delivered, not for this webhook, or given up; else it is to be tried again.
bool Webhook::is_done_with(const store::OutboxRow& row) {
  const auto body = body_of(row);
  if (body && !*body) return true;
  const auto status = body ? post(**body) : Result<int>(Failure(body.error()));
  const Verdict outcome = status ? verdict(*status) : body ? Verdict::again : Verdict::refused;
  if (outcome == Verdict::delivered) return true;
  if (is_stopping()) return false;
  if (std::exchange(tried_, row.id) != row.id) refusals_ = 0;  // the one before is no longer kept
  ++failures_;
  if (outcome == Verdict::refused) ++refusals_;
  const bool is_given_up = refusals_ >= refusals_max;
  log::write(is_given_up ? log::Level::error : log::Level::warn,
             is_given_up ? "an event was refused too often and is given up"
                         : "an event was not delivered; it is tried again",
             {{"webhook", authority_},
              {"event", event_id(row)},
              {"failures", std::to_string(failures_)},
              {"why", status ? fmt::format("answered {}", *status) : status.error().message}});
  return is_given_up;
}

// The answer's status.
Result<int> Webhook::post(const std::string& body) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(ErrorKind::unavailable, "ServiceUnavailable", "it is to end");
    timer_.set(request_limit);
  }
  wire::RequestHead head;
  head.method = "POST";
  head.target = target_;
  head.headers.add("Host", authority_);
  head.headers.add("Content-Type", "application/json");
  head.headers.add("User-Agent", "trainyard");
  head.headers.add("Trainyard-Signature", signature(settings_.secret, parts_.clock.now(), body));
  return TRY(client_.send(head, body, answer_bytes_max)).status;
}

// What could not be written is delivered again after a restart at worst.
void Webhook::keep_told() {
  if (told_ == kept_) return;
  const auto kept = parts_.control.submit_and_wait(
      [this](store::Txn& txn) { return store::set_webhook_told(txn, key_, told_); });
  if (kept)
    kept_ = told_;
  else
    log::warn("which events were delivered could not be written",
              {{"webhook", authority_}, {"error", kept.error().message}});
}

bool Webhook::is_stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

// False when it is to end.
bool Webhook::pause() {
  const Millis longest = parts_.wait(failures_);
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, longest, [this] { return stopping_; });
}

// ---- all of them

Result<> Webhooks::start(const std::vector<WebhookSettings>& settings) {
  std::vector<std::string> keys;
  for (const auto& one : settings)
    keys.push_back(Webhook::key_of(one));
  TRY(parts_.control.submit_and_wait(
      [&](store::Txn& txn) { return store::keep_webhooks(txn, keys); }));
  std::vector<std::unique_ptr<Webhook>> started;
  for (const auto& one : settings)
    started.push_back(TRY(Webhook::start(one, parts_)));
  const std::lock_guard lock(mutex_);
  webhooks_ = std::move(started);
  return {};
}

void Webhooks::wake() {
  const std::lock_guard lock(mutex_);
  for (const auto& one : webhooks_)
    one->wake();
}

// Not locked: the control thread may be waking them, and they wait for it.
void Webhooks::stop() {
  std::vector<std::unique_ptr<Webhook>> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(webhooks_);
  }
}

}  // namespace trainyard::events
