#pragma once
/// The agent's side of the connection to the service: it dials out, tells reports until they are
/// acknowledged, and hears commands. It redials for as long as the agent lives; a service that is
/// away delays nothing here.

#include "agent/reports.hpp"
#include "base/clock.hpp"
#include "os/fd.hpp"
#include "wire/instance/messages.hpp"
#include "wire/instance/spec.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace trainyard::agent {

/// Not thread-safe: the agent's main thread polls `fd()` and calls on_readable() and on_tick().
class ServiceLink {
public:
  ServiceLink(const wire::InstanceSpec& spec, const ReportLog& reports, const Clock& clock)
      : spec_(spec), reports_(reports), clock_(clock) {}

  /// The connection, or -1 while there is none.
  int fd() const { return fd_.get(); }
  /// Dials if it is time to and there is no connection; sends what is not yet sent, and a heartbeat
  /// when one is due. Returns after how long to call again.
  Millis on_tick();
  /// Reads what came; the commands in order.
  std::vector<wire::Command> on_readable();
  /// While it is set, heartbeats come more often and say this, for people.
  void tell_while(std::function<std::string()> doing) { doing_ = std::move(doing); }
  /// All reports are durable with the service.
  bool all_acknowledged() const { return acknowledged_ >= std::int64_t(reports_.all().size()); }

private:
  void dial();
  void drop();
  void send_line(const std::string& line);

  const wire::InstanceSpec& spec_;
  const ReportLog& reports_;
  const Clock& clock_;
  std::function<std::string()> doing_;
  os::Fd fd_;
  std::string received_;
  std::int64_t sent_ = 0, acknowledged_ = 0;  // report numbers
  Millis next_dial_{0}, backoff_{0}, next_heartbeat_{0};
};

}  // namespace trainyard::agent
