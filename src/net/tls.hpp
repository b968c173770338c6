#pragma once
/// TLS over a connected socket, as a client: certificates are verified against this machine's
/// authorities, or against those of one file, and must name the host.

#include "base/result.hpp"
#include "net/wait.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace trainyard::net {

/// Used by one thread at a time. `fd` is non-blocking, the caller's, and must live longer.
class Tls {
public:
  /// Shakes hands. `ca_bundle` is a file of authorities in PEM, or "". An error of kind `denied`
  /// when the peer is not who it should be, `unavailable` when it went away.
  static Result<std::unique_ptr<Tls>> connect(int fd, const std::string& host,
                                              const std::string& ca_bundle, Wait wait);
  /// Shakes hands with whoever is there, trusts nobody, and gives the certificates that were shown
  /// in PEM: its own first. For who asks a person whether to trust them.
  static Result<std::vector<std::string>> shown(int fd, const std::string& host, Wait wait);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  /// How many bytes came; 0 at the end of the stream.
  Result<std::size_t> read(std::span<char> out);
  /// Writes all of it.
  Result<> write(std::string_view bytes);

private:
  struct Session;
  explicit Tls(std::unique_ptr<Session> session);
  std::unique_ptr<Session> session_;
};

}  // namespace trainyard::net
