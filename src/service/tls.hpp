#pragma once
/// Who the service is over TLS: by files that the settings name, or by an authority of its own that
/// lies in state/tls. Its server's key and certificate are made at each start and lie nowhere.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/settings.hpp"
#include "net/server.hpp"
#include "service/store/paths.hpp"

#include <optional>
#include <string>

namespace trainyard {

/// That off loopback nothing is spoken in the clear; the error says what to write.
Result<> check_listen(const Settings& settings);

struct TlsSetup {
  net::TlsIdentity identity;
  std::string fingerprint;  ///< of the topmost certificate, which clients pin
};
/// Nothing where the settings want no TLS. Makes the authority at the first call.
Result<std::optional<TlsSetup>> prepare_tls(const Settings& settings, const store::DataPaths& paths,
                                            Time now);

/// "HOST" of "HOST:PORT", and whether it is this machine's own loopback.
std::string host_of(const std::string& address);
bool is_loopback(const std::string& host);

}  // namespace trainyard
