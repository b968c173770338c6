#include "net/server.hpp"
#include "service/engine/job_codec.hpp"
#include "service/engine/job_events.hpp"
#include "service/events/webhook.hpp"
#include "service/store/schema.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <stdlib.h>

namespace trainyard::events {
namespace {

constexpr const char* request = R"({
  "TrainingJobName": "first", "RoleArn": "arn:aws:iam::123456789012:role/TrainyardRole",
  "OutputDataConfig": {"S3OutputPath": "s3://b/out"}})";

/// Takes what is posted, and answers as it is told to.
struct Receiver : net::Handler {
  std::mutex mutex;
  std::condition_variable came;
  std::vector<std::string> bodies;
  std::function<int(const std::string& body)> status = [](const std::string&) { return 200; };
  std::unique_ptr<net::Server> server = net::Server::start({}, *this).value();
  std::string url = "http://" + server->listen_tcp("127.0.0.1:0").value() + "/hook?x=1";

  Receiver() { server->accept(); }
  std::variant<net::Admission, wire::Response> admit(const wire::RequestHead&) override {
    return net::Admission{};
  }
  void handle(std::shared_ptr<net::Exchange> exchange) override {
    wire::Response answer;
    {
      const std::lock_guard lock(mutex);
      bodies.push_back(exchange->body());
      answer.status = status(bodies.back());
    }
    exchange->reply(std::move(answer));
    came.notify_all();
  }
  wire::Response refuse(const wire::RequestHead&, const Error&) override { return {}; }

  /// Of each that came, what it is an alarm of.
  std::vector<std::string> alarms(std::size_t count) {
    std::unique_lock lock(mutex);
    CHECK(came.wait_for(lock, std::chrono::seconds(60), [&] { return bodies.size() >= count; }));
    std::vector<std::string> out;
    for (const auto& body : bodies) {
      const auto at = body.find("\"Alarm\":\"") + 9;
      out.push_back(body.substr(at, body.find('"', at) - at));
    }
    return out;
  }
};

struct Service {
  std::string dir = [] {
    char name[] = "/tmp/trainyard-webhook-XXXXXX";
    return std::string(mkdtemp(name));
  }();
  ManualClock clock;
  std::unique_ptr<store::Control> control = [this] {
    auto db = store::Database::open(dir + "/db", store::Database::Mode::write).value();
    REQUIRE(store::migrate(*db));
    return std::make_unique<store::Control>(std::move(db), clock);
  }();
  store::Readers readers{dir + "/db", 4};
  Webhooks webhooks{{*control, readers, clock, [](int) { return Millis(1); }}};

  Service() {
    control->on_events([this](const std::vector<std::string>&) { webhooks.wake(); });
    store::JobRow row;
    row.id = "id";
    row.account = "123456789012";
    row.region = "us-east-1";
    row.name = "first";
    row.request = request;
    engine::show_in_row({}, row);
    REQUIRE(control->submit_and_wait([&](store::Txn& txn) { return store::insert_job(txn, row); }));
  }
  ~Service() {
    webhooks.stop();
    control.reset();
    std::filesystem::remove_all(dir);
  }
  void start(const std::vector<WebhookSettings>& settings) { REQUIRE(webhooks.start(settings)); }
  /// Once it is written down that they were delivered.
  void until_told(const WebhookSettings& settings, std::int64_t id) {
    const auto told = [&](store::Txn& txn) {
      return store::webhook_told(txn, Webhook::key_of(settings));
    };
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (control->submit_and_wait(told).value() < id)
      REQUIRE(std::chrono::steady_clock::now() < until);
  }
  void raise(const char* alarm) {
    REQUIRE(control->submit_and_wait(
        [&](store::Txn& txn) { return engine::raise_alarm(txn, "id", {alarm, "words"}); }));
  }
};

using Names = std::vector<std::string>;
const std::string secret = "0123456789abcdef";

// SEMANTICS V2, V4
TEST_CASE("what was written while nobody delivered is delivered in order, and once") {
  Receiver receiver;
  Service service;
  service.raise("before");  // it begins at now
  const WebhookSettings settings{receiver.url, secret, "*", ""};
  service.start({settings});
  service.raise("a");
  service.until_told(settings, 2);
  service.webhooks.stop();
  service.raise("b");
  service.raise("c");
  service.start({settings});
  CHECK(receiver.alarms(3) == Names{"a", "b", "c"});
}

// SEMANTICS V7
TEST_CASE("an event that is refused is given up in the end, and the next one's turn comes") {
  Receiver receiver;
  receiver.status = [](const std::string& body) {
    return body.find("poison") == std::string::npos ? 200 : 422;
  };
  Service service;
  service.start({{receiver.url, secret, "*", ""}});
  service.raise("a");
  service.raise("poison");
  service.raise("b");
  Names expected{"a"};
  expected.insert(expected.end(), refusals_max, "poison");
  expected.push_back("b");
  CHECK(receiver.alarms(expected.size()) == expected);
}

// SEMANTICS V6
TEST_CASE("who is not able to take an event now gets it again, before the next") {
  Receiver receiver;
  int left = 3 * refusals_max;
  receiver.status = [&](const std::string&) { return left-- > 0 ? 503 : 204; };
  Service service;
  service.start({{receiver.url, secret, "*", ""}});
  service.raise("a");
  service.raise("b");
  Names expected(3 * refusals_max + 1, "a");
  expected.push_back("b");
  CHECK(receiver.alarms(expected.size()) == expected);
}

// SEMANTICS V9
TEST_CASE("what is no longer kept is no longer tried") {
  Receiver receiver;
  std::atomic<bool> is_down = true;
  receiver.status = [&](const std::string&) { return is_down ? 503 : 200; };
  Service service;
  service.start({{receiver.url, secret, "*", ""}});
  service.raise("old");
  receiver.alarms(2);
  REQUIRE(service.control->submit_and_wait(
      [](store::Txn& txn) { return store::prune_outbox(txn, txn.now() + Millis(1), 10); }));
  is_down = false;
  service.raise("new");
  for (std::size_t n = 3; receiver.alarms(n).back() != "new"; ++n)
    CHECK(receiver.alarms(n).back() == "old");
}

// SEMANTICS V8
TEST_CASE("a webhook is told of the jobs that its glob fits") {
  Receiver receiver, other;
  Service service;
  service.start({{receiver.url, secret, "f*", ""}, {other.url, secret, "second", ""}});
  service.raise("a");
  CHECK(receiver.alarms(1) == Names{"a"});
  service.webhooks.stop();
  CHECK(other.bodies.empty());
}

// SEMANTICS V8
TEST_CASE("a delivery under way does not hold up the end") {
  struct Silent : net::Handler {
    std::vector<std::shared_ptr<net::Exchange>> held;
    std::promise<void> came;
    std::variant<net::Admission, wire::Response> admit(const wire::RequestHead&) override {
      return net::Admission{};
    }
    void handle(std::shared_ptr<net::Exchange> exchange) override {
      held.push_back(std::move(exchange));
      came.set_value();
    }
    wire::Response refuse(const wire::RequestHead&, const Error&) override { return {}; }
  } silent;
  const auto server = net::Server::start({}, silent).value();
  const std::string address = server->listen_tcp("127.0.0.1:0").value();
  server->accept();
  Service service;
  service.start({{"http://" + address, secret, "*", ""}});
  service.raise("a");
  silent.came.get_future().wait();
  const auto begun = std::chrono::steady_clock::now();
  service.webhooks.stop();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));
  server->close_connections();
  server->stop();
  silent.held.clear();  // before the server that they are of
}

}  // namespace
}  // namespace trainyard::events
