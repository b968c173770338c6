#include "service/tls.hpp"

#include "net/certificates.hpp"
#include "os/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <unistd.h>

namespace trainyard {
namespace {

Result<net::Authority> own_authority(const store::DataPaths& paths, Time now) {
  auto certificate = os::read_file(paths.authority());
  auto key = os::read_file(paths.authority_key());
  if (certificate && key) return net::Authority{std::move(*certificate), std::move(*key)};
  for (const auto* file : {&certificate, &key})
    if (!*file && file->error().kind != ErrorKind::not_found) return Failure(file->error());
  if (certificate)  // the key is written first
    return fail(ErrorKind::conflict, "InvalidSettings",
                fmt::format("{} has no key beside it ({}). Put it back; or remove both: a new "
                            "authority is made, and everybody logs in anew",
                            paths.authority().string(), paths.authority_key().string()));
  auto made = TRY(net::make_authority(now));
  TRY(os::make_directories(paths.authority().parent_path()));
  TRY(os::write_durably(paths.authority_key(), made.key));
  TRY(os::write_durably(paths.authority(), made.certificate));
  return made;
}

// By which others may call this machine.
std::vector<std::string> names_of_machine(const Settings& settings) {
  std::vector<std::string> out = settings.tls.names;
  const auto add = [&](const std::string& name) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  };
  add("localhost");
  add("127.0.0.1");
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') add(host.data());
  if (const auto at = host_of(settings.listen); at != "0.0.0.0") return add(at), out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
  for (const ifaddrs* a = list; a; a = a->ifa_next) {
    if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto* four = reinterpret_cast<const sockaddr_in*>(a->ifa_addr);
    if (::inet_ntop(AF_INET, &four->sin_addr, text.data(), text.size())) add(text.data());
  }
  return out;
}

// The last certificate of a chain.
std::string topmost(const std::string& chain) {
  const auto begin = chain.rfind("-----BEGIN CERTIFICATE-----");
  return begin == std::string::npos ? chain : chain.substr(begin);
}

}  // namespace

std::string host_of(const std::string& address) {
  return address.substr(0, address.rfind(':'));
}

bool is_loopback(const std::string& host) {
  return host.starts_with("127.");
}

Result<> check_listen(const Settings& settings) {
  if (settings.tls.is_on || is_loopback(host_of(settings.listen))) return {};
  return fail(ErrorKind::invalid, "InvalidSettings",
              fmt::format("listen on {}: off this machine keys and data would go in the clear. "
                          "Write tls = true below [listen] in the settings, or give --tls; or "
                          "listen on 127.0.0.1",
                          settings.listen));
}

Result<std::optional<TlsSetup>> prepare_tls(const Settings& settings, const store::DataPaths& paths,
                                            Time now) {
  if (!settings.tls.is_on) return std::optional<TlsSetup>();
  TlsSetup out;
  if (!settings.tls.certificate.empty()) {
    out.identity = {TRY(os::read_file(settings.tls.certificate)),
                    TRY(os::read_file(settings.tls.key))};
  } else {
    const auto authority = TRY(own_authority(paths, now));
    auto issued = net::issue(authority, names_of_machine(settings), now);
    if (!issued) return in_context(issued.error(), "prepare TLS by " + paths.authority().string());
    out.identity = std::move(*issued);
  }
  auto print = net::fingerprint(topmost(out.identity.chain));
  if (!print) return in_context(print.error(), "prepare TLS by " + settings.tls.certificate);
  out.fingerprint = std::move(*print);
  return std::optional(std::move(out));
}

}  // namespace trainyard
