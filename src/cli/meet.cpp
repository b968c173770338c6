#include "cli/meet.hpp"

#include "base/settings_values.hpp"
#include "cli/client_environment.hpp"
#include "cli/connection.hpp"
#include "net/certificates.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <termios.h>
#include <unistd.h>

namespace trainyard::cli {
namespace {

constexpr Millis timeout{30'000};
constexpr std::size_t answer_bytes_max = 256;

Failure refuse(const Login& login, std::string_view why) {
  return fail(ErrorKind::denied, "AccessDenied", fmt::format("log in at {}: {}", login.url, why));
}

// AB:CD:... as people compare it.
std::string in_pairs(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out += (i == 0 ? "" : ":") + hex.substr(i, 2);
  return out;
}

// A line of the terminal, or nothing where there is none. What is typed hidden is not shown.
std::optional<std::string> ask(const std::string& question, bool is_hidden = false) {
  if (::isatty(STDIN_FILENO) != 1) return {};
  std::fprintf(stderr, "%s", question.c_str());
  termios before{};
  const bool hides = is_hidden && ::tcgetattr(STDIN_FILENO, &before) == 0;
  termios without_echo = before;
  without_echo.c_lflag &= ~tcflag_t(ECHO);
  if (hides) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &without_echo);
  std::array<char, answer_bytes_max> line{};
  const bool got = std::fgets(line.data(), int(line.size()), stdin) != nullptr;
  if (hides) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    std::fputc('\n', stderr);
  }
  if (!got) return {};
  std::string out(line.data());
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r' || out.back() == ' '))
    out.pop_back();
  return out;
}

bool answers(const net::Endpoint& at) {
  wire::RequestHead head;
  head.method = "GET";
  head.target = head.path = "/";
  return net::Client(at, timeout).send(head, "").has_value();
}

// Whether `shown`, the fingerprint of what the service shows, is to be trusted from now on.
Result<> judge(const Login& login, const std::string& shown, const std::string& pinned,
               const os::Path& file) {
  if (!login.fingerprint.empty()) {
    const auto wanted = net::read_fingerprint(login.fingerprint);
    if (wanted.empty())
      return fail(ErrorKind::invalid, "Usage",
                  fmt::format("'{}' is no fingerprint: write its 64 hexadecimal digits, as "
                              "`trainyard serve` printed them",
                              login.fingerprint));
    if (wanted == shown) return {};
    return refuse(login, fmt::format("its authority's fingerprint is {}, not the one that was "
                                     "given. Somebody may stand between: ask the service's admin",
                                     shown));
  }
  if (pinned == shown) return {};
  if (!pinned.empty())
    return refuse(login,
                  fmt::format("its authority has changed: its fingerprint is {}, and the "
                              "one that was pinned in {} has {}. Somebody may stand between; "
                              "if the service was set up anew, ask its admin for the "
                              "fingerprint and give it by --fingerprint",
                              shown, file.string(), pinned));
  const auto said = ask(fmt::format("The service's authority has the SHA-256 fingerprint\n  {}\nIs "
                                    "it the one that `trainyard serve` printed there? [y/N] ",
                                    in_pairs(shown)));
  if (!said)
    return refuse(login,
                  fmt::format("its authority has the fingerprint {}, and there is no "
                              "terminal to ask whether that is right. Compare it with what "
                              "`trainyard serve` printed there, and give it by --fingerprint",
                              shown));
  if (*said == "y" || *said == "Y" || *said == "yes") return {};
  return refuse(login, "its authority is not trusted");
}

// The file that TLS is to trust from now on; "" where this machine's authorities will do.
Result<std::string> pin(const Login& login, const net::Endpoint& at) {
  const os::Path file = config_home() / "trainyard" / fmt::format("ca-{}-{}.pem", at.host, at.port);
  const auto before = os::read_file(file);
  const bool is_new = !before && login.fingerprint.empty();
  if (is_new && answers(at)) return std::string();
  const auto chain = net::shown_certificates(at, timeout);
  if (!chain) return in_context(chain.error(), "log in at " + login.url);
  if (chain->empty()) return refuse(login, "it shows no certificate");
  const std::string& authority = chain->back();
  const std::string pinned = before ? net::fingerprint(*before).value_or("") : "";
  TRY(judge(login, TRY(net::fingerprint(authority)), pinned, file));
  if (before != authority) {
    TRY(os::make_directories(file.parent_path()));
    TRY(os::write_durably(file, authority, 0644));
  }
  return file.string();
}

Result<std::string> read_secret(const Login& login) {
  std::string out = TRY(os::read_file(login.secret_file, answer_bytes_max));
  while (!out.empty() && (out.back() == '\n' || out.back() == '\r'))
    out.pop_back();
  return out;
}

}  // namespace

Result<wire::CredentialsFile> meet(const Login& login) {
  const auto at = net::parse_endpoint(login.url);
  if (!at) return in_context(at.error(), "log in");
  const bool is_here = at->host == "localhost" || at->host.starts_with("127.");
  if (!at->tls && !is_here)
    return fail(
        ErrorKind::invalid, "Usage",
        fmt::format("log in at {}: keys and data would go in the clear; write https://{}:{}",
                    login.url, at->host, at->port));
  wire::CredentialsFile out;
  out.Endpoint = fmt::format("{}://{}:{}", at->tls ? "https" : "http", at->host, at->port);
  out.Region = login.region.empty() ? "us-east-1" : TRY(read_region(login.region));
  if (at->tls) out.CaBundle = TRY(pin(login, *at));
  auto id = login.key_id.empty() ? ask("access key id: ") : std::optional(login.key_id);
  auto secret = login.secret_file.empty() ? ask("secret access key (not shown): ", true)
                                          : std::optional(TRY(read_secret(login)));
  if (!id || !secret)
    return refuse(login,
                  "there is no terminal to ask for your key: give --key-id and --secret-file");
  out.AccessKeyId = std::move(*id);
  out.SecretAccessKey = std::move(*secret);
  const auto service = Connection::to(out);
  if (!service) return in_context(service.error(), "log in at " + login.url);
  return service->credentials();
}

}  // namespace trainyard::cli
