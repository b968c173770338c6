#include "service/fleet/agent_sessions.hpp"

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "wire/json.hpp"

namespace trainyard::fleet {

namespace {

constexpr std::size_t doing_bytes_max = 200;
constexpr Millis silence_max{60'000};  // an agent's heart beats every 10 s

}  // namespace

struct AgentSessions::Session {
  std::string id;  // "" until its Hello was taken
  std::shared_ptr<net::LineChannel> channel;
  std::string doing;  // guarded
};

void AgentSessions::accept(net::Exchange& exchange) {
  auto session = std::make_shared<Session>();
  // Lines may come before upgrade() returns: the first one waits for the channel under the lock.
  const std::lock_guard lock(mutex_);
  session->channel = exchange.upgrade(
      wire::agent_protocol, {[this, session](std::string line) { on_line(session, line); },
                             [this, session] { on_close(session); }, silence_max});
}

void AgentSessions::on_line(const std::shared_ptr<Session>& session, const std::string& line) {
  if (session->id.empty()) {
    const auto hello = wire::decode<wire::Hello>(line);
    const auto admitted = hello ? callbacks_.admits(hello->Id, hello->Token) : false;
    if (!admitted) return channel_of(*session)->close();
    if (!*admitted) {
      log::warn("an agent was not admitted", {{"id", hello ? hello->Id : ""}});
      const auto channel = channel_of(*session);
      channel->send(wire::encode(wire::Command{"Fenced", 0}));
      return channel->close();
    }
    session->id = hello->Id;
    {
      const std::lock_guard lock(mutex_);
      sessions_[session->id] = session;
    }
    return callbacks_.on_connected(session->id);
  }
  auto report = wire::decode<wire::Report>(line);
  if (!report) {
    log::warn("an agent sent what is no report",
              {{"id", session->id}, {"error", report.error().message}});
    return channel_of(*session)->close();
  }
  if (report->Number > 0) return callbacks_.on_report(session->id, std::move(*report));
  const std::lock_guard lock(mutex_);
  session->doing = cut_utf8(report->Doing, doing_bytes_max);
}

void AgentSessions::on_close(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(session->id);
  if (it != sessions_.end() && it->second == session) sessions_.erase(it);
  session->channel.reset();
}

std::shared_ptr<net::LineChannel> AgentSessions::channel_of(const Session& session) {
  const std::lock_guard lock(mutex_);
  CHECK(session.channel);  // reset by on_close only, after which no line comes
  return session.channel;
}

std::shared_ptr<net::LineChannel> AgentSessions::channel_of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(id);
  return it != sessions_.end() ? it->second->channel : nullptr;
}

std::string AgentSessions::doing(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(id);
  return it != sessions_.end() ? it->second->doing : "";
}

void AgentSessions::command(const std::string& id, const wire::Command& command) {
  if (const auto channel = channel_of(id)) channel->send(wire::encode(command));
}

void AgentSessions::close(const std::string& id) {
  if (const auto channel = channel_of(id)) channel->close();
}

}  // namespace trainyard::fleet
