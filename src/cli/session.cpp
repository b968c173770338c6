#include "cli/session.hpp"

#include "os/unix_socket.hpp"
#include "wire/json.hpp"

#include <fcntl.h>

namespace trainyard::cli {
namespace {

constexpr int answer_wait_ms = 5000;

}  // namespace

Result<wire::SessionAnswer> open_session(const Common& common, const os::Path& directory,
                                         const wire::SessionRequest& request) {
  const auto socket = os::connect_for_messages(common.data / "state/run/client.sock");
  if (!socket) return Failure(socket.error());
  os::Fd environment;
  if (!directory.empty()) environment = TRY(os::open_file(directory, O_RDONLY | O_DIRECTORY));
  TRY(os::send_message(*socket, wire::encode(request), environment.get()));
  auto answer = TRY(
      wire::decode<wire::SessionAnswer>(TRY(os::receive_message(*socket, answer_wait_ms)).text));
  if (!answer.Error.empty()) return fail_internal("open a session: " + answer.Error);
  return answer;
}

}  // namespace trainyard::cli
