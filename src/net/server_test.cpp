#include "base/pool.hpp"
#include "net/client.hpp"
#include "net/head.hpp"
#include "net/server.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <fcntl.h>
#include <future>
#include <netinet/in.h>
#include <optional>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace trainyard::net {
namespace {

struct Echo : Handler {
  Pool pool{2, 100};
  std::atomic<int> admitted = 0;
  std::function<void(std::shared_ptr<Exchange>)> special;

  std::variant<Admission, wire::Response> admit(const wire::RequestHead& head) override {
    ++admitted;
    if (head.path == "/refused") {
      wire::Response r;
      r.status = 403;
      r.body = "no";
      return r;
    }
    Admission a;
    a.buffer = head.path != "/stream";
    a.body_bytes_max = head.path == "/small" ? 4 : 128u << 20;
    return a;
  }
  wire::Response refuse(const wire::RequestHead&, const Error& error) override {
    return plain(error.kind == ErrorKind::limit ? 413 : 503, error.message);
  }
  void handle(std::shared_ptr<Exchange> e) override {
    if (special) return special(std::move(e));
    if (e->head().path == "/dropped") return;
    CHECK(pool.post([e] {
      wire::Response r;
      if (e->head().path == "/stream") {
        std::uint64_t total = 0;
        std::vector<char> piece(1 << 18);
        for (;;) {
          const auto n = e->read(piece);
          if (!n || *n == 0) break;
          total += *n;
        }
        r.body = std::to_string(total);
      } else {
        r.body = e->head().method + " " + e->head().path + "?" + e->head().query + " " + e->body();
      }
      e->reply(std::move(r));
    }));
  }
};

struct Fixture {
  Echo handler;
  std::unique_ptr<Server> server;
  std::string address;
  explicit Fixture(ServerOptions options = {}) {
    server = Server::start(options, handler).value();
    address = server->listen_tcp("127.0.0.1:0").value();
    server->accept();
  }
  ~Fixture() {  // a reader's wait ends before the threads that end it
    server->close_connections();
    handler.pool.stop();
  }
  Client client() { return Client(parse_endpoint(address).value(), Millis(5000)); }
  os::Fd connect() {
    const auto at = parse_address(address).value();
    os::Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(at.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    return fd;
  }
  // Sends raw bytes, half-closes, returns all that comes back.
  std::string raw(std::string_view bytes) {
    const os::Fd owner = connect();
    const int fd = owner.get();
    REQUIRE(os::write_all(fd, bytes, "raw"));
    ::shutdown(fd, SHUT_WR);
    std::string out;
    char piece[4096];
    for (ssize_t n; (n = ::recv(fd, piece, sizeof piece, 0)) > 0;)
      out.append(piece, std::size_t(n));
    return out;
  }
};

wire::RequestHead head_of(std::string method, std::string target) {
  wire::RequestHead head;
  head.method = std::move(method);
  head.target = std::move(target);
  return head;
}

std::string text(const wire::Response& r) {
  return std::get<std::string>(r.body);
}

TEST_CASE("a request is answered and the connection kept") {
  Fixture f;
  Client c = f.client();
  for (int i = 0; i < 3; ++i) {
    const auto r = c.send(head_of("POST", "/a%20b?x=1"), "body");
    REQUIRE(r);
    CHECK(r->status == 200);
    CHECK(text(*r) == "POST /a%20b?x=1 body");
  }
}

TEST_CASE("pipelined requests are answered in order") {
  Fixture f;
  const std::string out = f.raw(
      "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto first = out.find("GET /1"), second = out.find("GET /2");
  CHECK(first != std::string::npos);
  CHECK(second != std::string::npos);
  CHECK(first < second);
}

TEST_CASE("a body of 64 MiB is pulled by a pool thread") {
  Fixture f;
  Client c = f.client();
  const std::uint64_t length = 64u << 20;
  const auto r = c.upload(head_of("PUT", "/stream"), length, [](std::span<char> out) {
    std::fill(out.begin(), out.end(), 'x');
    return Result<std::size_t>(out.size());
  });
  REQUIRE(r);
  CHECK(text(*r) == std::to_string(length));
}

TEST_CASE("a chunked body is read to its end") {
  Fixture f;
  const std::string out = f.raw("PUT /stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                                "Connection: close\r\n\r\n4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n");
  CHECK(out.ends_with("\r\n\r\n7"));
}

// SEMANTICS A10
TEST_CASE("100 Continue is sent only to who is admitted") {
  Fixture f;
  CHECK(f.raw("PUT /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi")
            .starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"));
  const auto refused = f.raw(
      "PUT /refused HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(refused.starts_with("HTTP/1.1 403"));
  CHECK(refused.find("Connection: close") != std::string::npos);
}

// SEMANTICS A10
TEST_CASE("100 Continue waits until the body is asked for") {
  Fixture f;
  f.handler.special = [](std::shared_ptr<Exchange> e) { e->reply(plain(404, "no bucket")); };
  const auto refused =
      f.raw("PUT /stream HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(refused.starts_with("HTTP/1.1 404"));
  CHECK(refused.find("Connection: close") != std::string::npos);
}

// SEMANTICS C5
TEST_CASE("a port is there again once what its last holder had forked has gone") {
  std::optional<Fixture> first(std::in_place);
  const std::string address = first->address;
  os::Pipe until = os::make_pipe().value();
  const pid_t child = ::fork();
  if (child == 0) {  // it holds all that was open
    char none = 0;
    ::close(until.write.get());
    (void)::read(until.read.get(), &none, 1);
    ::_exit(0);
  }
  REQUIRE(child > 0);
  first.reset();
  Echo handler;
  const auto server = Server::start({}, handler).value();
  auto listening = std::async(std::launch::async, [&] { return server->listen_tcp(address); });
  CHECK(listening.wait_for(Millis(100)) == std::future_status::timeout);
  until.write.reset();
  CHECK(listening.get().value() == address);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
}

// SEMANTICS A9
TEST_CASE("bodies that are read whole share a limit, and give it back") {
  ServerOptions options;
  options.buffered_bytes_max = 10;
  Fixture f(options);
  Client c = f.client();
  std::vector<std::shared_ptr<Exchange>> held;  // as a pool thread may when its answer is out
  f.handler.special = [&held](std::shared_ptr<Exchange> e) {
    held.push_back(e);
    e->reply(plain(200, e->body()));
  };
  for (int i = 0; i < 3; ++i)
    CHECK(text(*c.send(head_of("POST", "/a"), "ten bytes.")) == "ten bytes.\n");
  CHECK(c.send(head_of("POST", "/a"), "eleven byte")->status == 503);
}

// SEMANTICS A9
TEST_CASE("a chunk's extension is no way to fill the memory") {
  Fixture f;
  const std::string out = f.raw("PUT /stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                                "\r\n4;a=" +
                                std::string(1 << 20, 'x') + "\r\nabcd\r\n0\r\n\r\n");
  CHECK(out.find("\r\n\r\n4") == std::string::npos);
}

// SEMANTICS A9
TEST_CASE("where there is no room, whoever idles longest makes some") {
  ServerOptions options;
  options.connections_max = 2;
  Fixture f(options);
  const os::Fd first = f.connect(), second = f.connect();  // idle in this order
  Client third = f.client();
  const auto r = third.send(head_of("GET", "/third"), "");
  REQUIRE(r);
  CHECK(r->status == 200);
  char c;
  CHECK(::recv(first.get(), &c, 1, 0) <= 0);
  CHECK(::recv(second.get(), &c, 1, MSG_DONTWAIT) < 0);
  CHECK(errno == EAGAIN);
}

TEST_CASE("closing all connections ends a reader's wait") {
  Fixture f;
  std::promise<void> begun;
  std::promise<bool> failed;
  f.handler.special = [&](std::shared_ptr<Exchange> e) {
    CHECK(f.handler.pool.post([&, e] {
      std::vector<char> piece(100);
      begun.set_value();
      failed.set_value(!e->read(piece));
    }));
  };
  const os::Fd fd = f.connect();
  REQUIRE(os::write_all(fd.get(), "PUT /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
                        "a part"));
  begun.get_future().wait();
  f.server->close_connections();
  CHECK(failed.get_future().get());
}

// SEMANTICS A9
TEST_CASE("what is malformed, too large or smuggles is refused") {
  Fixture f;
  CHECK(f.raw("nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(f.raw("GET x HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(
      f.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\n\r\n")
          .starts_with("HTTP/1.1 400"));
  CHECK(f.raw("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").starts_with("HTTP/1.1 400"));
  CHECK(f.raw("GET / HTTP/1.1\r\nA: " + std::string(70'000, 'x') + "\r\n\r\n")
            .starts_with("HTTP/1.1 431"));
  CHECK(f.raw("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde")
            .starts_with("HTTP/1.1 413"));
  CHECK(f.raw("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
              "chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")
            .starts_with("HTTP/1.1 413"));
}

TEST_CASE("an exchange that nobody answers is answered 500") {
  Fixture f;
  Client c = f.client();
  const auto r = c.send(head_of("GET", "/dropped"), "");
  REQUIRE(r);
  CHECK(r->status == 500);
}

TEST_CASE("a file's range is sent as it is, HEAD tells only its length") {
  Fixture f;
  char name[] = "/tmp/trainyard-net-XXXXXX";
  const auto file = std::make_shared<os::Fd>(mkstemp(name));
  ::unlink(name);
  REQUIRE(os::write_all(file->get(), std::string(3 << 20, 'a') + "tail", "file"));
  f.handler.special = [file](std::shared_ptr<Exchange> e) {
    wire::Response r;
    r.body = wire::FileBody{file, file->get(), 10, (3u << 20) + 4 - 10};
    e->reply(std::move(r));
  };
  Client c = f.client();
  std::string got;
  REQUIRE(c.download(head_of("GET", "/f"), [&](std::span<const char> b) -> Result<> {
    got.append(b.data(), b.size());
    return {};
  }));
  CHECK(got.size() == (3u << 20) + 4 - 10);
  CHECK(got.ends_with("atail"));
  const auto h = c.send(head_of("HEAD", "/f"), "");
  REQUIRE(h);
  CHECK(h->headers.get("Content-Length") == std::to_string(got.size()));
}

TEST_CASE("a client that vanishes within its body gives the reader an error") {
  Fixture f;
  std::promise<bool> failed;
  f.handler.special = [&](std::shared_ptr<Exchange> e) {
    CHECK(f.handler.pool.post([&, e] {
      std::vector<char> piece(100);
      Result<std::size_t> n = 1;
      while (n && *n > 0)
        n = e->read(piece);
      failed.set_value(!n);
      e->reply({});
    }));
  };
  f.raw("PUT /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
  CHECK(failed.get_future().get());
}

// SEMANTICS A9
TEST_CASE("a client that falls silent is cut off: before, within or after its headers") {
  std::string_view said;
  ServerOptions options;
  SUBCASE("before") {
    options.idle_timeout = Millis(50);
  }
  SUBCASE("within") {
    options.header_timeout = Millis(50);
    said = "GET / HT";
  }
  SUBCASE("after") {
    options.idle_timeout = Millis(50);
    said = "PUT /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc";
  }
  Fixture f(options);
  const os::Fd fd = f.connect();
  REQUIRE(os::write_all(fd.get(), said, "a part"));
  char c;
  CHECK(::recv(fd.get(), &c, 1, 0) <= 0);  // returns once the server closes
}

TEST_CASE("an upgraded connection carries lines both ways, over a unix socket too") {
  Fixture f;
  std::shared_ptr<LineChannel> channel;
  std::promise<void> closed;
  f.handler.special = [&](std::shared_ptr<Exchange> e) {
    channel = e->upgrade("lines/1", {[&](std::string line) { channel->send("got " + line); },
                                     [&] { closed.set_value(); }, Millis(60'000)});
  };
  char name[] = "/tmp/trainyard-net-XXXXXX";
  const std::string dir = mkdtemp(name);
  REQUIRE(f.server->listen_unix(dir + "/s", 0600, "s"));
  f.server->accept();
  Client c({"", 0, dir + "/s"}, Millis(5000));
  std::string early;
  auto fd = c.upgrade(head_of("GET", "/up"), "lines/1", early);
  REQUIRE(fd);
  REQUIRE(os::write_all(fd->get(), "one\ntwo\n", "lines"));
  std::string out = early;
  char piece[100];
  ::fcntl(fd->get(), F_SETFL, 0);
  while (out != "got one\ngot two\n") {
    const ssize_t n = ::recv(fd->get(), piece, sizeof piece, 0);
    REQUIRE(n > 0);
    out.append(piece, std::size_t(n));
  }
  fd->reset();
  closed.get_future().wait();
  channel.reset();
  REQUIRE(os::remove_tree(dir));
}

TEST_CASE("an upgraded connection whose peer falls silent is closed") {
  Fixture f;
  std::shared_ptr<LineChannel> channel;
  std::promise<void> closed;
  f.handler.special = [&](std::shared_ptr<Exchange> e) {
    channel = e->upgrade("lines/1", {[](std::string) {}, [&] { closed.set_value(); }, Millis(50)});
  };
  Client c = f.client();
  std::string early;
  const auto fd = c.upgrade(head_of("GET", "/up"), "lines/1", early);
  REQUIRE(fd);
  closed.get_future().wait();
  channel.reset();
}

TEST_CASE("watch and run_after call back, and a dropped watch does not") {
  Fixture f;
  auto pipe = os::make_pipe().value();
  std::promise<void> seen, later;
  std::shared_ptr<void> watch;
  watch = f.server
              ->watch(pipe.read.get(),
                      [&] {
                        char c;
                        (void)os::read_some(pipe.read.get(), {&c, 1}, "pipe");
                        watch.reset();
                        seen.set_value();
                      })
              .value();
  REQUIRE(os::write_all(pipe.write.get(), "xx", "pipe"));
  seen.get_future().wait();
  f.server->run_after(Millis(1), [&] { later.set_value(); });
  later.get_future().wait();
}

}  // namespace
}  // namespace trainyard::net
