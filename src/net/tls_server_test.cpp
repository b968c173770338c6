#include "net/certificates.hpp"
#include "net/client.hpp"
#include "net/head.hpp"
#include "net/server.hpp"
#include "os/files.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <future>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

namespace trainyard::net {
namespace {

// Answers with what it was sent, and a file where it is asked for one.
struct Echo : Handler {
  std::string file;
  std::function<void()> answered;
  std::variant<Admission, wire::Response> admit(const wire::RequestHead&) override {
    Admission a;
    a.body_bytes_max = 64u << 20;
    return a;
  }
  wire::Response refuse(const wire::RequestHead&, const Error& error) override {
    return plain(503, error.message);
  }
  void handle(std::shared_ptr<Exchange> e) override {
    wire::Response r;
    r.headers.add("X-Peer", e->head().peer);
    if (e->head().path == "/file") {
      const auto fd = std::make_shared<const os::Fd>(os::open_file(file, O_RDONLY).value());
      r.body = wire::FileBody{fd, fd->get(), 0, std::filesystem::file_size(file)};
    } else {
      r.body = e->body();
    }
    const bool tells = e->head().path == "/told";
    e->reply(std::move(r));
    if (tells) answered();
  }
};

struct Secured {
  std::string dir = [] {
    char name[] = "/tmp/trainyard-tls-XXXXXX";
    return std::string(mkdtemp(name));
  }();
  Time now = system_clock().now();
  Authority authority = make_authority(now).value();
  Echo handler;
  std::unique_ptr<Server> server = Server::start({}, handler).value();
  Endpoint at;

  explicit Secured(const std::vector<std::string>& names = {"localhost", "127.0.0.1"}) {
    const auto identity = issue(authority, names, now).value();
    const auto address = server->listen_tcp("127.0.0.1:0", &identity).value();
    server->accept();
    at = parse_endpoint("https://" + address).value();
    at.ca_bundle = pin(authority);
  }
  ~Secured() {
    server.reset();
    std::filesystem::remove_all(dir);
  }
  std::string pin(const Authority& trusted) const {
    const std::string path = dir + "/" + fingerprint(trusted.certificate).value() + ".pem";
    REQUIRE(os::write_file(path, trusted.certificate));
    return path;
  }
};

wire::RequestHead post(const std::string& path) {
  wire::RequestHead head;
  head.method = "POST";
  head.target = head.path = path;
  return head;
}

std::string body_of(const Result<wire::Response>& response) {
  REQUIRE_MESSAGE(response, response.error().message);
  return std::get<std::string>(response->body);
}

// SEMANTICS A27
TEST_CASE("over TLS requests and answers of any size are whole, one after the other") {
  const Secured secured;
  Client client(secured.at, Millis(20'000));
  for (const std::size_t size :
       {std::size_t(0), std::size_t(1), std::size_t(16384), std::size_t(5) << 20}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      body[i] = char(i * 31 + i / 251);
    CHECK(body_of(client.send(post("/"), body)) == body);
  }
}

TEST_CASE("a file goes out over TLS as it lies there") {
  Secured secured;
  std::string text(3u << 20, '\0');
  for (std::size_t i = 0; i < text.size(); ++i)
    text[i] = char(i * 7 + i / 1021);
  secured.handler.file = secured.dir + "/file";
  REQUIRE(os::write_file(secured.handler.file, text));
  CHECK(body_of(Client(secured.at, Millis(20'000)).send(post("/file"), "")) == text);
}

// SEMANTICS A27
TEST_CASE("a client that trusts another authority, or calls by another name, says no") {
  const Secured secured;
  Endpoint wrong = secured.at;
  wrong.ca_bundle = secured.pin(make_authority(secured.now).value());
  CHECK(Client(wrong, Millis(20'000)).send(post("/"), "").error().kind == ErrorKind::denied);
  const Secured elsewhere({"gpu.example.org"});
  const auto refused = Client(elsewhere.at, Millis(20'000)).send(post("/"), "");
  CHECK(refused.error().message.find("mismatch") != std::string::npos);
}

// SEMANTICS A27
TEST_CASE("what is shown is the server's certificate and its authority's") {
  const Secured secured;
  const auto shown = shown_certificates(secured.at, Millis(20'000)).value();
  REQUIRE(shown.size() == 2);
  CHECK(fingerprint(shown[1]).value() == fingerprint(secured.authority.certificate).value());
  CHECK(fingerprint(shown[0]).value() != fingerprint(shown[1]).value());
  CHECK(read_fingerprint("AB:" + std::string(62, '0')) == "ab" + std::string(62, '0'));
  CHECK(read_fingerprint("ab").empty());
}

// SEMANTICS A27
TEST_CASE("who comes from this machine may do without TLS") {
  const Secured secured;
  Endpoint plainly = secured.at;
  plainly.tls = false;
  CHECK(body_of(Client(plainly, Millis(20'000)).send(post("/"), "x")) == "x");
}

TEST_CASE("a server that ends sends what it answered, and lets idle clients go") {
  Secured secured;
  std::promise<void> answered;
  secured.handler.answered = [&] { answered.set_value(); };
  Client idle(secured.at, Millis(20'000)), reading(secured.at, Millis(20'000));
  CHECK(body_of(idle.send(post("/"), "x")) == "x");
  const std::string body(20u << 20, 'y');
  auto got = std::async(std::launch::async, [&] { return reading.send(post("/told"), body); });
  answered.get_future().wait();
  secured.server->drain(Millis(10'000));
  secured.server->close_connections();
  secured.server->stop();
  CHECK(body_of(got.get()) == body);
  CHECK_FALSE(idle.send(post("/"), "x"));
}

TEST_CASE("who says nothing, or nonsense, is let go, and others are served") {
  Secured secured;
  const auto call = [&](std::string_view said) {
    os::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(secured.at.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::send(fd.get(), said.data(), said.size(), MSG_NOSIGNAL) == ssize_t(said.size()));
    return fd;
  };
  const os::Fd silent = call("");
  const os::Fd broken = call(std::string_view("\x16\x03\x01\x00\x05hello, world", 17));
  pollfd p{broken.get(), POLLIN, 0};
  CHECK(::poll(&p, 1, 20'000) == 1);  // an alert, and the end
  CHECK(body_of(Client(secured.at, Millis(20'000)).send(post("/"), "x")) == "x");
}

}  // namespace
}  // namespace trainyard::net
