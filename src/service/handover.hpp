#pragma once
/// Local clients hand over what only they can prove: `trainyard run` gives the Python environment
/// it was started from as an open directory, and gets a session's access key bound to it. A path
/// that a client merely names is never opened.

#include "base/clock.hpp"
#include "base/pool.hpp"
#include "base/result.hpp"
#include "base/settings.hpp"
#include "net/server.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "service/identity/identity.hpp"

#include <memory>

namespace trainyard {

/// Serves run/client.sock: one message in (with at most one directory), one answer out. Only this
/// user's processes can open the socket.
class Handover {
public:
  static Result<std::unique_ptr<Handover>> open(const os::Path& socket, net::Server& server,
                                                Pool& pool, identity::Identity& identity,
                                                const Clock& clock, const Settings& settings);

private:
  Handover(os::Fd listener, Pool& pool, identity::Identity& identity, const Clock& clock,
           const Settings& settings)
      : listener_(std::move(listener)), pool_(pool), identity_(identity), clock_(clock),
        settings_(settings) {}
  void accept_all();
  void serve(const os::Fd& client);

  os::Fd listener_;
  Pool& pool_;
  identity::Identity& identity_;
  const Clock& clock_;
  const Settings& settings_;
  std::shared_ptr<void> watch_;
};

}  // namespace trainyard
