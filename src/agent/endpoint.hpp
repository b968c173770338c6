#pragma once
/// How an instance reaches its service.

#include "base/result.hpp"
#include "net/client.hpp"
#include "wire/instance/spec.hpp"

namespace trainyard::agent {

/// The service's socket, whose path outlives a service that comes back at another port; its
/// address, where the spec names no socket. Host and port are what requests name in either case.
Result<net::Endpoint> service_endpoint(const wire::InstanceSpec& spec);

/// There is a socket's path, and no service behind it: it has ended, or not begun yet.
bool nobody_listens(const net::Endpoint& service);

}  // namespace trainyard::agent
