#include "os/unix_socket.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace trainyard::os {
namespace {

Result<sockaddr_un> address_of(const Path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path)
    return fail(ErrorKind::invalid, "InvalidArgument",
                "use the socket " + text + ": its path is longer than " +
                    std::to_string(sizeof address.sun_path - 1) +
                    " bytes; choose a shorter --data");
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

Result<Fd> make_socket(int flags) {
  Fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0));
  if (!fd) return fail_errno("make a local socket");
  return fd;
}

}  // namespace

Result<Fd> listen_for_messages(const Path& path) {
  // By its open directory: the whole path may be longer than an address can be.
  const Fd directory = TRY(open_file(path.parent_path(), O_PATH | O_DIRECTORY));
  const sockaddr_un address =
      TRY(address_of(Path("/proc/self/fd") / std::to_string(directory.get()) / path.filename()));
  Fd fd = TRY(make_socket(SOCK_NONBLOCK));
  ::unlink(path.c_str());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), 64) != 0)
    return fail_errno("listen on " + path.string());
  return fd;
}

Result<Fd> connect_for_messages(const Path& path) {
  const sockaddr_un address = TRY(address_of(path));
  Fd fd = TRY(make_socket(0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return fd;
  const bool nobody = errno == ECONNREFUSED || errno == ENOENT;
  auto failure = fail_errno("connect to " + path.string());
  if (nobody) failure.value().kind = ErrorKind::unavailable;
  return failure;
}

Result<> send_message(const Fd& socket, std::string_view text, int descriptor) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  }
  if (::sendmsg(socket.get(), &message, MSG_NOSIGNAL) < 0) return fail_errno("send a message");
  return {};
}

Result<Message> receive_message(const Fd& socket, int timeout_ms) {
  pollfd readable{socket.get(), POLLIN, 0};
  const int ready = ::poll(&readable, 1, timeout_ms);
  if (ready == 0)
    return fail(ErrorKind::unavailable, "InternalFailure", "wait for a message: none came in time");
  if (ready < 0) return fail_errno("wait for a message");
  Message out;
  out.text.resize(message_bytes_max);
  iovec part{out.text.data(), out.text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_LEN(sizeof(int));  // room for one: the kernel closes all others
  const ssize_t n = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  if (n < 0) return fail_errno("receive a message");
  if (n == 0) return fail(ErrorKind::unavailable, "InternalFailure", "the other side hung up");
  out.text.resize(std::size_t(n));
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
    out.descriptor.reset(descriptor);
  }
  return out;
}

}  // namespace trainyard::os
