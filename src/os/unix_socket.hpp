#pragma once
/// Local sockets that keep message boundaries and can carry an open descriptor.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"

#include <string>

namespace trainyard::os {

struct Message {
  std::string text;
  Fd descriptor;  ///< one that came with it, or none
};
inline constexpr std::size_t message_bytes_max = 64u << 10;

/// Listens on a SOCK_SEQPACKET socket file of mode 0600, non-blocking; an old file is replaced.
Result<Fd> listen_for_messages(const Path& path);
/// Connects to one. An error of kind `unavailable` when nobody listens.
Result<Fd> connect_for_messages(const Path& path);

/// Sends one message, with `descriptor` unless it is -1.
Result<> send_message(const Fd& socket, std::string_view text, int descriptor = -1);
/// Waits at most `timeout_ms` for one message.
Result<Message> receive_message(const Fd& socket, int timeout_ms);

}  // namespace trainyard::os
