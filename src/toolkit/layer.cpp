#include "toolkit/layer.hpp"

#include "os/unix_socket.hpp"

#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr int answer_wait_ms = 24 * 3600 * 1000;  // the job's own limits end it sooner

}  // namespace

bool has_agent() {
  return ::access(wire::packages_socket, F_OK) == 0;
}

wire::PackagesAnswer ask_agent(const std::string& requirements, const Variables& variables) {
  using Answer = wire::PackagesAnswer;
  const auto own = [](std::string why) { return Answer{Answer::Kind::own, 0, "", std::move(why)}; };
  if (requirements.size() > wire::requirements_bytes_max)
    return own("it is longer than " + std::to_string(wire::requirements_bytes_max) + " bytes");
  const wire::PackagesRequest request{requirements,
                                      wire::variables_for_pip(requirements, variables.entries())};
  const std::string message = wire::encode_packages(request);
  if (message.size() > os::message_bytes_max) return own("it and its variables are too long");
  const auto socket = os::connect_for_messages(wire::packages_socket);
  if (!socket) return own(socket.error().message);
  if (const auto sent = os::send_message(*socket, message, STDOUT_FILENO); !sent)
    return own(sent.error().message);
  const auto answer = os::receive_message(*socket, answer_wait_ms);
  return answer ? wire::decode_packages_answer(answer->text) : own(answer.error().message);
}

}  // namespace trainyard::toolkit
