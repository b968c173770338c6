#include "agent/service_link.hpp"

#include "base/log.hpp"
#include "net/client.hpp"
#include "wire/json.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>

namespace trainyard::agent {
namespace {

constexpr Millis dial_timeout{2000};
constexpr Millis backoff_min{100}, backoff_max{5000};
constexpr Millis heartbeat_every{10'000}, heartbeat_doing{1000};
constexpr std::size_t line_bytes_max = 1u << 20;

}  // namespace

Millis ServiceLink::on_tick() {
  const Millis now = clock_.boottime();
  if (!fd_ && now >= next_dial_) dial();
  if (!fd_) return std::max(Millis(1), next_dial_ - now);
  const auto& all = reports_.all();
  while (fd_ && sent_ < std::int64_t(all.size())) {
    send_line(wire::encode(all[std::size_t(sent_)]));
    ++sent_;
  }
  const Millis every = doing_ ? heartbeat_doing : heartbeat_every;
  next_heartbeat_ = std::min(next_heartbeat_, now + every);
  if (fd_ && now >= next_heartbeat_) {
    wire::Report beat{0, "Heartbeat", clock_.now(), "", "", "", ""};
    if (doing_) beat.Doing = doing_();
    send_line(wire::encode(beat));
    next_heartbeat_ = now + every;
  }
  return std::max(Millis(1), next_heartbeat_ - now);
}

void ServiceLink::dial() {
  net::Client client({"", 0, spec_.AgentSocket}, dial_timeout);
  wire::RequestHead head;
  head.method = "GET";
  head.target = head.path = wire::agent_path;
  auto connection = client.upgrade(head, wire::agent_protocol, received_);
  if (!connection) {
    backoff_ = std::clamp(backoff_ * 2, backoff_min, backoff_max);
    next_dial_ = clock_.boottime() + backoff_;
    log::debug("no service", {{"error", connection.error().message}});
    return;
  }
  fd_ = std::move(*connection);
  backoff_ = Millis(0);
  sent_ = acknowledged_;  // what was under way when the last connection broke goes again
  next_heartbeat_ = clock_.boottime() + heartbeat_every;
  send_line(wire::encode(wire::Hello{spec_.Id, spec_.Token}));
}

void ServiceLink::drop() {
  fd_.reset();
  received_.clear();
  next_dial_ = clock_.boottime() + backoff_min;
}

void ServiceLink::send_line(const std::string& line) {
  const std::string bytes = line + "\n";
  std::string_view left = bytes;
  while (!left.empty() && fd_) {
    const ssize_t n = ::send(fd_.get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return drop();  // also a service that has read nothing for very long
    left.remove_prefix(std::size_t(n));
  }
}

std::vector<wire::Command> ServiceLink::on_readable() {
  std::vector<wire::Command> out;
  std::array<char, 4096> buffer;
  const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) drop();
  if (n <= 0) return out;
  received_.append(buffer.data(), std::size_t(n));
  std::size_t newline;
  while ((newline = received_.find('\n')) != std::string::npos) {
    auto command = wire::decode<wire::Command>(std::string_view(received_).substr(0, newline));
    received_.erase(0, newline + 1);
    if (!command) {
      log::warn("the service sent what is no command", {{"error", command.error().message}});
      continue;
    }
    if (command->Kind == "Ack")
      acknowledged_ = std::max(acknowledged_, command->Number);
    else
      out.push_back(std::move(*command));
  }
  if (received_.size() > line_bytes_max) drop();
  return out;
}

}  // namespace trainyard::agent
