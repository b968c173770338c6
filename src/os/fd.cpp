#include "os/fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace trainyard::os {

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<> write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("write " + std::string(what));
    bytes.remove_prefix(std::size_t(n));
  }
  return {};
}

Result<std::size_t> read_some(int fd, std::span<char> out, std::string_view what) {
  for (;;) {
    const ssize_t n = ::read(fd, out.data(), out.size());
    if (n >= 0) return std::size_t(n);
    if (errno != EINTR) return fail_errno("read " + std::string(what));
  }
}

}  // namespace trainyard::os
