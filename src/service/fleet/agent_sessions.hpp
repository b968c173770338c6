#pragma once
/// The agents' connections, whatever fleet they run in: proves each by its token, hands its reports
/// on and carries commands down. Knows nothing of jobs.

#include "net/server.hpp"
#include "wire/instance/messages.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace trainyard::fleet {

class AgentSessions {
public:
  struct Callbacks {
    /// May (id, token) speak? Any thread; may block briefly. Nobody is turned away for an error.
    std::function<Result<bool>(const std::string& id, const std::string& token)> admits;
    /// A proved agent has connected: whatever it must be told is sent from here.
    std::function<void(const std::string& id)> on_connected;
    /// A report, in order; to be acknowledged with acknowledge() once it is durable.
    std::function<void(const std::string& id, wire::Report)> on_report;
  };

  explicit AgentSessions(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}

  /// Takes over a connection that asked for wire::agent_protocol.
  void accept(net::Exchange& exchange);
  /// Sends to the instance's agent if it is connected now; else nothing: on_connected() tells it
  /// later.
  void command(const std::string& id, const wire::Command& command);
  /// Ends the connection of the instance's agent: it redials and sends again what was not
  /// acknowledged.
  void close(const std::string& id);
  /// What the instance's agent said last that it is doing, for people; "" when it is nothing worth
  /// a word, or is not connected.
  std::string doing(const std::string& id);
  void acknowledge(const std::string& id, std::int64_t number) { command(id, {"Ack", number}); }

private:
  struct Session;
  std::shared_ptr<net::LineChannel> channel_of(const Session& session);
  std::shared_ptr<net::LineChannel> channel_of(const std::string& id);
  void on_line(const std::shared_ptr<Session>& session, const std::string& line);
  void on_close(const std::shared_ptr<Session>& session);

  Callbacks callbacks_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;
};

}  // namespace trainyard::fleet
