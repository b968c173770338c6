#pragma once
/// Certificates (X.509, RFC 5280) of an authority of one's own: made, issued, and told apart. All
/// texts are PEM.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/server.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::net {

/// A certificate that signs others, and its key.
struct Authority {
  std::string certificate, key;
};

/// A new one, good for 20 years; keys are of the curve P-256.
Result<Authority> make_authority(Time now);

/// A new key and a certificate for a server of these names and IPv4 addresses, good for five years;
/// the authority's follows it in the chain. An error where the authority's files are damaged.
Result<TlsIdentity> issue(const Authority& authority, const std::vector<std::string>& names,
                          Time now);

/// SHA-256 of a certificate, 64 hexadecimal digits; of several in `pem` the first.
Result<std::string> fingerprint(std::string_view pem);
/// A fingerprint as people give it, with colons or without, in that form; "" for what is none.
std::string read_fingerprint(std::string_view text);

}  // namespace trainyard::net
