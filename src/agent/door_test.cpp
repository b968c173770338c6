#include "agent/door.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace trainyard;
using namespace trainyard::agent;

namespace {

constexpr int patience_ms = 20'000;

os::Fd connect_to(std::uint16_t port) {
  os::Fd out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return out;
}

void await(int fd) {
  pollfd one{fd, POLLIN, 0};
  REQUIRE(::poll(&one, 1, patience_ms) == 1);
}

os::Fd accept_from(const os::Fd& listener) {
  await(listener.get());
  return os::Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

// What comes next, or "" at the end.
std::string next_of(const os::Fd& fd) {
  await(fd.get());
  std::array<char, 64> bytes;
  const ssize_t n = ::recv(fd.get(), bytes.data(), bytes.size(), 0);
  return std::string(bytes.data(), n > 0 ? std::size_t(n) : 0);
}

/// A child that holds all that this process has open, but for `not_these`, and does nothing.
class Holder {
public:
  explicit Holder(const std::vector<int>& not_these) : pid_(::fork()) {
    if (pid_ != 0) return;
    for (const int fd : {0, 1, 2})
      ::close(fd);
    for (const int fd : not_these)
      ::close(fd);
    for (;;)
      ::pause();
  }
  ~Holder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

private:
  pid_t pid_;
};

struct World {
  os::Fd service = listen();
  std::uint16_t port = 0;
  std::unique_ptr<Door> door;

  World() {
    os::Fd listener = listen();
    port = port_of(listener).value();
    door = std::move(
        Door::open(std::move(listener), {"127.0.0.1", port_of(service).value(), "", false})
            .value());
  }
  static os::Fd listen() { return std::move(listen_on_loopback().value()); }
};

}  // namespace

TEST_CASE("bytes go both ways, and each end ends the other") {
  const World world;
  const os::Fd job = connect_to(world.port), service = accept_from(world.service);
  REQUIRE(::send(job.get(), "ask", 3, 0) == 3);
  CHECK(next_of(service) == "ask");
  REQUIRE(::send(service.get(), "answer", 6, 0) == 6);
  CHECK(next_of(job) == "answer");
  ::shutdown(job.get(), SHUT_WR);
  CHECK(next_of(service).empty());
  ::shutdown(service.get(), SHUT_WR);
  CHECK(next_of(job).empty());
}

// A program that is being started holds the door's connections until its exec.
TEST_CASE("a connection that is over may live on in a child, and the door knows nothing of it") {
  const World world;
  os::Fd job = connect_to(world.port), service = accept_from(world.service);
  REQUIRE(::send(job.get(), "x", 1, 0) == 1);
  CHECK(next_of(service) == "x");
  const Holder holder({job.get(), service.get()});
  ::shutdown(job.get(), SHUT_WR);
  CHECK(next_of(service).empty());
  ::shutdown(service.get(), SHUT_WR);
  CHECK(next_of(job).empty());
  // The door has closed both; what happens to the child's is told to who still asks epoll for it.
  service.reset();
  job.reset();
  const os::Fd later = connect_to(world.port), its_service = accept_from(world.service);
  REQUIRE(::send(later.get(), "again", 5, 0) == 5);
  CHECK(next_of(its_service) == "again");
}
