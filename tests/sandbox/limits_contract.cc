/// Memory, processes and the network: what a job gets and how its end by a limit is named.

#include "box.hpp"
#include "os/namespaces.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <cstddef>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace trainyard::agent::contract {
namespace {

// A listener on a free port of 127.0.0.1 of this machine.
struct Listener {
  os::Fd fd;
  std::uint16_t port = 0;
  Listener() : fd(os::listen_on_loopback_port(0)) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
};

std::string connecting_to(const std::string& host, int port) {
  return fmt::format("import errno, socket\n"
                     "try:\n"
                     "    socket.create_connection(('{}', {}), 20).close(); print('connected')\n"
                     "except OSError as error: print(errno.errorcode[error.errno])\n",
                     host, port);
}

}  // namespace

// SEMANTICS X16, X18
TEST_CASE("a kill for memory is named with its peak or as well as can be known") {
  Box box;
  constexpr std::uint64_t limit = 64u << 20;
  box.spec.limits.memory_bytes = limit;
  if (box.runtime->describe().limits_memory) {
    const Ended ended = box.run_python("print('ready', flush=True); x = bytearray(1 << 30)");
    CHECK(ended.exit.signal == SIGKILL);
    CHECK(ended.exit.out_of_memory);
    CHECK(ended.exit.memory_peak_bytes > limit / 2);
    CHECK(ended.exit.memory_peak_bytes <= limit);
  } else {
    const Ended ended = box.run_python("import os; os.kill(os.getpid(), 9)");
    CHECK(ended.exit.signal == SIGKILL);
    CHECK(ended.exit.message == "killed, likely out of memory");
    CHECK(ended.exit.memory_peak_bytes > 1u << 20);
  }
}

// SEMANTICS X18
TEST_CASE("an unasked SIGKILL within the memory limit is no memory kill") {
  Box box;
  box.spec.limits.memory_bytes = 256u << 20;
  const Ended ended = box.run_shell("kill -9 $$");
  CHECK(ended.exit.signal == SIGKILL);
  CHECK_FALSE(ended.exit.out_of_memory);
}

TEST_CASE("the peak of memory is told for one that ended well") {
  Box box;
  const Ended ended = box.run_python("x = b'x' * (40 << 20)");
  CHECK(ended.exit.code == 0);
  CHECK(ended.exit.memory_peak_bytes >= 40u << 20);
  CHECK(ended.exit.memory_peak_bytes < 400u << 20);
}

// SEMANTICS X17
TEST_CASE("a fork bomb stops at the limit of processes and ends with the job") {
  Box box;
  box.spec.limits.pids_max = 40;
  const Ended ended = box.run_python("import os, signal\n"
                                     "made = 0\n"
                                     "try:\n"
                                     "    while made < 400:\n"
                                     "        if os.fork() == 0: signal.pause()\n"
                                     "        made += 1\n"
                                     "except OSError: pass\n"
                                     "print(made)\n");
  CHECK(ended.output == "39\n");
  CHECK(ended.exit.code == 0);
}

// SEMANTICS X14
TEST_CASE("without a network there is only lo and nothing can be reached") {
  const Listener host;
  Box box;
  box.spec.network = Network::none;
  const Ended ended =
      box.run_python("print(sorted(l.split(':')[0].strip() for l in "
                     "open('/proc/net/dev').readlines()[2:] if not "
                     "l.split(':')[0].strip().endswith('0')))\n" +
                     connecting_to("127.0.0.1", host.port) + connecting_to("192.0.2.1", 80));
  CHECK(ended.output == "['lo']\nECONNREFUSED\nENETUNREACH\n");
  CHECK_FALSE(is_readable(host.fd.get(), 0));
  CHECK_FALSE(box.running.door_listener);
}

// SEMANTICS X14
TEST_CASE("without a network the machine's abstract sockets are out of reach") {
  const os::Fd host(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "contract-" + std::to_string(::getpid());
  name.copy(address.sun_path + 1, name.size());
  const auto size = socklen_t(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  REQUIRE(::bind(host.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(host.get(), 1) == 0);
  Box box;
  box.spec.network = Network::none;
  const Ended ended = box.run_python("import errno, socket\n"
                                     "try: socket.socket(socket.AF_UNIX).connect('\\0" +
                                     name +
                                     "')\n"
                                     "except OSError as e: print(errno.errorcode[e.errno])\n");
  CHECK(ended.output == "ECONNREFUSED\n");
}

// SEMANTICS X14
TEST_CASE("the door is reached from inside and from nowhere else") {
  Box box;
  box.spec.network = Network::none;
  box.spec.door_port = 8090;
  box.use_python("import socket\n"
                 "door = socket.create_connection(('127.0.0.1', 8090))\n"
                 "door.sendall(b'knock'); print(door.recv(10).decode())\n");
  box.prepare();
  REQUIRE(box.running.door_listener);
  box.start();
  REQUIRE(is_readable(box.running.door_listener.get(), patience_ms));
  const os::Fd guest(::accept4(box.running.door_listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(guest);
  char text[16];
  REQUIRE(is_readable(guest.get(), patience_ms));
  const auto n = os::read_some(guest.get(), text, "the door");
  REQUIRE(n);
  CHECK(std::string(text, *n) == "knock");
  REQUIRE(os::write_all(guest.get(), "come in", "the door"));
  CHECK(box.finish().output == "come in\n");
  const os::Fd outside(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8090);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)::connect(outside.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
  CHECK_FALSE(is_readable(box.running.door_listener.get(), 0));
}

// SEMANTICS X13
TEST_CASE("with the machine's network its services are reached") {
  const Listener host;
  Box box;
  CHECK(box.run_python(connecting_to("127.0.0.1", host.port)).output == "connected\n");
}

}  // namespace trainyard::agent::contract
