#pragma once
/// A file descriptor with one owner.

#include "base/result.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace trainyard::os {

/// Closes its descriptor when it goes. Movable, not copyable. -1 means none.
class Fd {
public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  /// Gives the descriptor away.
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

private:
  int fd_ = -1;
};

struct Pipe {
  Fd read, write;
};
/// A pipe, both ends close-on-exec.
Result<Pipe> make_pipe();

/// Writes all of it, over partial writes and EINTR. `what` names the target in the error.
Result<> write_all(int fd, std::string_view bytes, std::string_view what);
/// Reads up to `out.size()` bytes; 0 is the end. Retries EINTR.
Result<std::size_t> read_some(int fd, std::span<char> out, std::string_view what);

}  // namespace trainyard::os
