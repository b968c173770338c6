#include "service/handover.hpp"

#include "base/log.hpp"
#include "os/unix_socket.hpp"
#include "wire/instance/handover.hpp"
#include "wire/json.hpp"

#include <array>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard {
namespace {

constexpr int client_wait_ms = 2000;
constexpr const char* user = "trainyard";

// The path of a directory that the client itself had opened: it may see it, so its jobs may.
Result<std::string> path_of(const os::Fd& directory) {
  struct stat st{};
  if (::fstat(directory.get(), &st) != 0 || !S_ISDIR(st.st_mode))
    return fail(ErrorKind::invalid, "InvalidArgument", "what was handed over is no directory");
  std::array<char, 4096> buffer;
  const std::string link = "/proc/self/fd/" + std::to_string(directory.get());
  const ssize_t n = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (n <= 0) return fail_errno("find the path of the environment");
  return std::string(buffer.data(), std::size_t(n));
}

// AWS's model has at least 11 characters, and its clients look.
bool has_short_ids(const Settings& settings) {
  constexpr std::size_t client_min = 11;
  return std::any_of(settings.file_systems.begin(), settings.file_systems.end(),
                     [](const auto& entry) { return entry.first.size() < client_min; });
}

Result<wire::SessionAnswer> answer(const os::Message& message, identity::Identity& identity,
                                   const Clock& clock, const Settings& settings) {
  const auto request = TRY(wire::decode<wire::SessionRequest>(message.text));
  const std::string environment = message.descriptor ? TRY(path_of(message.descriptor)) : "";
  const auto key =
      TRY(identity.session_key(user, environment, clock.now() + std::chrono::hours(request.Hours)));
  return wire::SessionAnswer{key.id, key.secret, key.session_token, "", has_short_ids(settings)};
}

}  // namespace

Result<std::unique_ptr<Handover>> Handover::open(const os::Path& socket, net::Server& server,
                                                 Pool& pool, identity::Identity& identity,
                                                 const Clock& clock, const Settings& settings) {
  auto out = std::unique_ptr<Handover>(
      new Handover(TRY(os::listen_for_messages(socket)), pool, identity, clock, settings));
  out->watch_ = TRY(server.watch(out->listener_.get(), [h = out.get()] { h->accept_all(); }));
  return out;
}

void Handover::accept_all() {
  for (;;) {
    const auto client =
        std::make_shared<os::Fd>(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!*client) return;
    if (!pool_.post([this, client] { serve(*client); }))
      log::warn("a local client was turned away: too much to do");
  }
}

void Handover::serve(const os::Fd& client) {
  auto message = os::receive_message(client, client_wait_ms);
  if (!message) return log::warn("a local client", {{"error", message.error().message}});
  auto reply = answer(*message, identity_, clock_, settings_);
  if (!reply) reply = wire::SessionAnswer{"", "", "", reply.error().message, false};
  (void)os::send_message(client, wire::encode(*reply));
}

}  // namespace trainyard
