#pragma once
/// Delivers what the outbox holds to the endpoints of the settings: each by a thread of its own,
/// in order, signed, at least once. An endpoint that is down or slow holds up nothing but itself.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/settings.hpp"
#include "net/client.hpp"
#include "os/timer.hpp"
#include "service/events/delivery.hpp"
#include "service/store/control.hpp"
#include "service/store/outbox.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace trainyard::events {

/// backoff(), by chance.
Millis jittered_backoff(int failures);

/// One endpoint and its thread.
class Webhook {
public:
  struct Parts {
    store::Control& control;
    store::Readers& readers;
    const Clock& clock;
    /// How long to wait after so many failures in a row.
    std::function<Millis(int failures)> wait = jittered_backoff;
  };
  /// Goes on behind the event that was delivered last; a new one begins at now. Must not be called
  /// on the control thread.
  static Result<std::unique_ptr<Webhook>> start(const WebhookSettings& settings, Parts parts);
  ~Webhook();

  /// Events may have been written. Any thread; does not block.
  void wake();
  /// Ends soon: a delivery under way is broken off, and is done again by the next service.
  void stop();

  /// What its row is named by.
  static std::string key_of(const WebhookSettings& settings);

private:
  Webhook(const WebhookSettings& settings, Parts parts, net::Endpoint endpoint, os::Timer timer);
  void run();
  bool await_events();
  bool deliver_some();
  Result<std::optional<std::string>> body_of(const store::OutboxRow& row);
  bool is_done_with(const store::OutboxRow& row);
  Result<int> post(const std::string& body);
  void keep_told();
  bool is_stopping();
  bool pause();

  const WebhookSettings settings_;
  const Parts parts_;
  const std::string authority_, target_, key_;
  os::Timer timer_;  // ends a request, by its limit or by stop()
  net::Client client_;
  // The thread's own.
  std::int64_t told_ = 0, kept_ = 0;  // the last that is done with, and what the row says
  std::int64_t tried_ = 0;            // the event whose turn it is, once it has failed
  int failures_ = 0, refusals_ = 0;   // in a row; of that event

  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_more_ = true, stopping_ = false;  // guarded
  std::thread thread_;
};

/// All of them.
class Webhooks {
public:
  explicit Webhooks(Webhook::Parts parts) : parts_(parts) {}
  /// Once, not on the control thread. What was remembered of endpoints that the settings no longer
  /// name is forgotten.
  Result<> start(const std::vector<WebhookSettings>& settings);
  /// Events were written and are durable. Any thread; does not block.
  void wake();
  /// Must be called before the control thread stops.
  void stop();

private:
  const Webhook::Parts parts_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Webhook>> webhooks_;
};

}  // namespace trainyard::events
