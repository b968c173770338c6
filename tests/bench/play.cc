/// Plays prepared HTTP requests against a server as fast as it answers: the client of the
/// benchmarks, cheap enough never to be what binds.
///
///     play HOST PORT CONNECTIONS [BODY] < REQUESTS
///
/// REQUESTS holds each request as an 8-byte little-endian length and its bytes; behind each the
/// file BODY is sent, if one is given. Each connection sends the next one once its last is
/// answered. Prints one JSON line: how many were answered with 2xx and how many otherwise, how long
/// all took, the median and the 99th percentile of one.

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::vector<std::string> read_requests() {
  std::vector<std::string> requests;
  std::uint64_t length = 0;
  while (std::fread(&length, sizeof length, 1, stdin) == 1) {
    std::string request(length, '\0');
    if (std::fread(request.data(), 1, length, stdin) != length) give_up("a request is cut short");
    requests.push_back(std::move(request));
  }
  return requests;
}

struct Connection {
  int fd = -1;
  std::string_view unsent;
  off_t body_sent = 0;
  std::string received;  // the head of the answer, and what came with it
  std::size_t left = 0;  // of the answer, once its length is known
  Clock::time_point began;
  bool busy = false;
};

// The length of the whole answer, or 0 while that is not known.
std::size_t answer_length(const std::string& text) {
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  std::string lower = text.substr(0, head);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  const std::size_t at = lower.find("\r\ncontent-length:");
  if (at == std::string::npos) return 0;
  return head + 4 + std::strtoull(lower.c_str() + at + 17, nullptr, 10);
}

class Player {
public:
  Player(const char* host, int port, std::vector<std::string> requests)
      : requests_(std::move(requests)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(std::uint16_t(port));
    if (::inet_pton(AF_INET, host, &address_.sin_addr) != 1) give_up(host);
  }

  void append(const char* file) {
    body_ = ::open(file, O_RDONLY | O_CLOEXEC);
    struct stat st{};
    if (body_ < 0 || ::fstat(body_, &st) != 0) give_up(file);
    body_bytes_ = st.st_size;
  }

  void play(std::size_t connections) {
    connections_.resize(connections);
    const auto began = Clock::now();
    for (std::size_t i = 0; i < connections; ++i)
      next(i);
    std::vector<epoll_event> events(connections);
    while (answered_ + failed_ < requests_.size()) {
      const int n = ::epoll_wait(epoll_, events.data(), int(events.size()), 60'000);
      if (n == 0) give_up("no answer for a minute");
      for (int i = 0; i < n; ++i)
        ready(events[std::size_t(i)].data.u64);
    }
    report(std::chrono::duration<double>(Clock::now() - began).count());
  }

private:
  void next(std::size_t i) {
    Connection& c = connections_[i];
    c.busy = next_ < requests_.size();
    if (!c.busy) return;
    c.unsent = requests_[next_++];
    c.body_sent = 0;
    c.received.clear();
    c.left = 0;
    c.began = Clock::now();
    if (c.fd < 0) open(i);
    watch(i, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  }

  void open(std::size_t i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0 &&
        errno != EINPROGRESS)
      give_up("connect");
    connections_[i].fd = fd;
    watch(i, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
  }

  void watch(std::size_t i, std::uint32_t events, int how) {
    epoll_event event{.events = events, .data = {.u64 = i}};
    if (::epoll_ctl(epoll_, how, connections_[i].fd, &event) != 0) give_up("epoll_ctl");
  }

  bool is_sent(const Connection& c) const { return c.unsent.empty() && c.body_sent == body_bytes_; }

  bool send_some(Connection& c) {
    const bool is_head = !c.unsent.empty();
    const ssize_t n =
        is_head ? ::send(c.fd, c.unsent.data(), c.unsent.size(), MSG_NOSIGNAL)
                : ::sendfile(c.fd, body_, &c.body_sent, std::size_t(body_bytes_ - c.body_sent));
    if (n > 0 && is_head) c.unsent.remove_prefix(std::size_t(n));
    return n >= 0 || errno == EAGAIN;
  }

  void ready(std::size_t i) {
    Connection& c = connections_[i];
    if (!is_sent(c)) {
      if (!send_some(c)) return ended(i, false);
      if (is_sent(c)) watch(i, EPOLLIN, EPOLL_CTL_MOD);
    }
    char piece[65536];
    for (;;) {
      // The kernel throws the rest of a long answer away without copying it.
      const ssize_t n = c.left > 0 ? ::recv(c.fd, nullptr, c.left, MSG_TRUNC)
                                   : ::recv(c.fd, piece, sizeof piece, 0);
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return ended(i, false);
      if (c.left > 0) {
        c.left -= std::size_t(n);
        if (c.left == 0) return ended(i, true);
        continue;
      }
      c.received.append(piece, std::size_t(n));
      const std::size_t whole = answer_length(c.received);
      if (whole > 0 && c.received.size() >= whole) return ended(i, true);
      if (whole > 0) c.left = whole - c.received.size();
    }
  }

  // The answer is whole, or the server has closed the connection, which may end an answer too.
  void ended(std::size_t i, bool keep) {
    Connection& c = connections_[i];
    if (!keep || c.received.starts_with("HTTP/1.0") ||
        c.received.find("\r\nConnection: close\r\n") != std::string::npos) {
      ::close(c.fd);
      c.fd = -1;
    }
    if (!c.busy) return;
    const bool good = c.received.size() > 9 && c.received[9] == '2';
    if (!good && failed_ == 0) std::fprintf(stderr, "%.600s\n", c.received.c_str());
    ++(good ? answered_ : failed_);
    times_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - c.began).count());
    next(i);
  }

  void report(double seconds) {
    std::sort(times_.begin(), times_.end());
    const auto at = [&](double part) { return times_[std::size_t(part * double(times_.size()))]; };
    std::printf("{\"answered\": %zu, \"failed\": %zu, \"seconds\": %.6f, \"median_ms\": %.3f, "
                "\"p99_ms\": %.3f}\n",
                answered_, failed_, seconds, at(0.5), at(0.99));
  }

  std::vector<std::string> requests_;
  int epoll_, body_ = -1;
  off_t body_bytes_ = 0;
  sockaddr_in address_{};
  std::vector<Connection> connections_;
  std::vector<double> times_;
  std::size_t next_ = 0, answered_ = 0, failed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::fputs("usage: play HOST PORT CONNECTIONS [BODY] < REQUESTS\n", stderr);
    return 2;
  }
  auto requests = read_requests();
  if (requests.empty()) return 2;
  Player player(argv[1], std::atoi(argv[2]), std::move(requests));
  if (argc == 5) player.append(argv[4]);
  player.play(std::size_t(std::atoi(argv[3])));
}
