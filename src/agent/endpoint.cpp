#include "agent/endpoint.hpp"

#include "os/fd.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

namespace trainyard::agent {

Result<net::Endpoint> service_endpoint(const wire::InstanceSpec& spec) {
  net::Endpoint out = TRY(net::parse_endpoint(spec.Service));
  out.unix_path = spec.DoorSocket;
  return out;
}

bool nobody_listens(const net::Endpoint& service) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& path = service.unix_path;
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const os::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return false;
  return errno == ECONNREFUSED || errno == ENOENT;
}

}  // namespace trainyard::agent
