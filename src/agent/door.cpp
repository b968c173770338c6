#include "agent/door.hpp"

#include "os/event.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace trainyard::agent {
namespace {

constexpr std::size_t joins_max = 128;  // of 1024 that the service takes at its socket
constexpr std::size_t buffer_bytes = 64u << 10;

Result<sockaddr_in> address_of(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const std::string numeric = host == "localhost" ? "127.0.0.1" : host;
  if (::inet_pton(AF_INET, numeric.c_str(), &address.sin_addr) != 1)
    return fail(ErrorKind::invalid, "InvalidArgument",
                "open the door to " + host + ": not an IPv4 address");
  return address;
}

// Where connections of the job are passed on to.
struct Target {
  sockaddr_storage address{};
  socklen_t size = 0;

  static Result<Target> of(const net::Endpoint& service) {
    Target out;
    if (service.unix_path.empty()) {
      const sockaddr_in address = TRY(address_of(service.host, service.port));
      std::memcpy(&out.address, &address, out.size = sizeof address);
      return out;
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (service.unix_path.size() >= sizeof address.sun_path)
      return fail(ErrorKind::invalid, "InvalidArgument",
                  "open the door: the socket's path is too long: " + service.unix_path);
    std::memcpy(address.sun_path, service.unix_path.data(), service.unix_path.size());
    std::memcpy(&out.address, &address, out.size = sizeof address);
    return out;
  }
};

// One direction of a joined pair: bytes read but not yet written.
struct Flow {
  std::vector<char> buffer;
  std::size_t begin = 0, end = 0;
  bool read_over = false, write_over = false;
};

}  // namespace

struct Door::Relay {
  struct Join {
    std::array<os::Fd, 2> sides;  // 0: the job's, 1: the service's
    std::array<Flow, 2> flows;    // flows[i]: from sides[i] to sides[1 - i]
    std::list<Join>::iterator self;
  };
  struct Watch {  // what an epoll event points to
    Join* join;
    int side;
  };

  os::Fd listener, epoll;
  os::Event stop;
  Target service;
  std::list<Join> joins;
  std::list<std::array<Watch, 2>> watches;  // as long as joins, in the same order

  void run();
  void accept_one();
  void listen_for_more(bool on);
  bool turn(Join& join);
  bool move(Join& join, std::size_t from);
};

Result<os::Fd> listen_on_loopback() {
  os::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("make the door's socket");
  const sockaddr_in address = TRY(address_of("127.0.0.1", 0));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 128) != 0)
    return fail_errno("listen on loopback");
  return fd;
}

Result<std::uint16_t> port_of(const os::Fd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail_errno("ask for the door's port");
  return ntohs(address.sin_port);
}

Result<std::unique_ptr<Door>> Door::open(os::Fd listener, const net::Endpoint& service) {
  auto relay = std::make_unique<Relay>();
  relay->service = TRY(Target::of(service));
  relay->listener = std::move(listener);
  relay->epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  relay->stop = TRY(os::Event::make());
  if (!relay->epoll) return fail_errno("open the door");
  epoll_event event{EPOLLIN, {.ptr = &relay->stop}};
  if (::epoll_ctl(relay->epoll.get(), EPOLL_CTL_ADD, relay->stop.fd(), &event) != 0)
    return fail_errno("open the door");
  event = {EPOLLIN, {.ptr = &relay->listener}};
  if (::epoll_ctl(relay->epoll.get(), EPOLL_CTL_ADD, relay->listener.get(), &event) != 0)
    return fail_errno("open the door");
  return std::unique_ptr<Door>(new Door(std::move(relay)));
}

Door::Door(std::unique_ptr<Relay> relay)
    : relay_(std::move(relay)), thread_([this] { relay_->run(); }) {}

Door::~Door() {
  relay_->stop.raise();
  thread_.join();
}

void Door::Relay::run() {
  std::array<epoll_event, 64> events;
  for (;;) {
    const int n = ::epoll_wait(epoll.get(), events.data(), int(events.size()), -1);
    if (n < 0 && errno != EINTR) return;
    std::vector<Join*> dead;
    for (int i = 0; i < n; ++i) {
      void* const who = events[std::size_t(i)].data.ptr;
      if (who == &stop) return;
      if (who == &listener) {
        accept_one();
        continue;
      }
      Join& join = *static_cast<Watch*>(who)->join;
      if (std::find(dead.begin(), dead.end(), &join) == dead.end() && !turn(join))
        dead.push_back(&join);
    }
    for (Join* join : dead) {
      // Closing is not enough: a child that is being started holds them too until its exec, and for
      // as long epoll would tell of what is gone.
      for (const auto& side : join->sides)
        ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, side.get(), nullptr);
      watches.remove_if([&](const auto& w) { return w[0].join == join; });
      joins.erase(join->self);
    }
    if (!dead.empty()) listen_for_more(true);
  }
}

void Door::Relay::listen_for_more(bool on) {
  epoll_event event{on ? std::uint32_t(EPOLLIN) : 0u, {.ptr = &listener}};
  ::epoll_ctl(epoll.get(), EPOLL_CTL_MOD, listener.get(), &event);
}

void Door::Relay::accept_one() {
  os::Fd job(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!job) return;
  os::Fd to(::socket(service.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!to) return;
  // A service that is away refuses at once: the job's connection closes, its client tries again.
  if (::connect(to.get(), reinterpret_cast<const sockaddr*>(&service.address), service.size) != 0 &&
      errno != EINPROGRESS)
    return;
  const int on = 1;
  ::setsockopt(job.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(to.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // a unix socket has none
  Join& join = joins.emplace_back();
  join.self = std::prev(joins.end());
  join.sides[0] = std::move(job);
  join.sides[1] = std::move(to);
  auto& pair = watches.emplace_back(std::array<Watch, 2>{Watch{&join, 0}, Watch{&join, 1}});
  for (std::size_t i = 0; i < 2; ++i) {
    join.flows[i].buffer.resize(buffer_bytes);
    // Edge-triggered both ways: turn() always works until the kernel says "not now".
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &pair[i]}};
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, join.sides[i].get(), &event);
  }
  if (joins.size() >= joins_max) listen_for_more(false);
}

// Moves what can be moved; false when the pair is over.
bool Door::Relay::turn(Join& join) {
  if (!move(join, 0) || !move(join, 1)) return false;
  return !(join.flows[0].write_over && join.flows[1].write_over);
}

bool Door::Relay::move(Join& join, std::size_t from) {
  Flow& flow = join.flows[from];
  const int in = join.sides[from].get(), out = join.sides[1 - from].get();
  for (;;) {
    if (flow.begin == flow.end && !flow.read_over) {
      const ssize_t n = ::recv(in, flow.buffer.data(), flow.buffer.size(), 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN;
      flow.read_over = n == 0;
      flow.begin = 0;
      flow.end = std::size_t(n);
    }
    if (flow.begin < flow.end) {
      const ssize_t n =
          ::send(out, flow.buffer.data() + flow.begin, flow.end - flow.begin, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN || errno == ENOTCONN;
      flow.begin += std::size_t(n);
    } else if (flow.read_over) {
      if (!flow.write_over) ::shutdown(out, SHUT_WR);
      flow.write_over = true;
      return true;
    }
  }
}

}  // namespace trainyard::agent
