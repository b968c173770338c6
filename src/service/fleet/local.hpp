#pragma once
/// The fleet that is this machine: an agent is a process of this program, in a session of its own,
/// that outlives the service.

#include "net/server.hpp"
#include "os/files.hpp"
#include "os/process.hpp"
#include "service/fleet/fleet.hpp"

#include <map>
#include <memory>
#include <mutex>

namespace trainyard::fleet {

class LocalFleet final : public Fleet {
public:
  /// `program` is the trainyard binary, `instances` the directory that holds one an instance.
  /// `server` lends its threads to watch agents end.
  LocalFleet(os::Path program, os::Path instances, net::Server& server);
  ~LocalFleet() override;

  void on_gone(std::function<void(std::string id)> callback) override;
  Result<> launch(const wire::InstanceSpec& spec) override;
  Result<std::vector<std::string>> list() override;
  Result<bool> adopt(const std::string& id) override;
  Result<std::vector<wire::Report>> reports(const std::string& id) override;
  Result<> remove(const std::string& id) override;

private:
  struct Agent {
    os::Child process;
    bool is_child = false;  // ours to reap
    std::shared_ptr<void> watch;
  };
  os::Path directory(const std::string& id) const { return instances_ / id; }
  Result<> watch_agent(const std::string& id, os::Child process, bool is_child);
  void ended(const std::string& id);
  Result<> end_agent(const std::string& id);

  os::Path program_, instances_;
  net::Server& server_;
  std::function<void(std::string id)> gone_;
  std::mutex mutex_;
  std::map<std::string, Agent> agents_;
};

}  // namespace trainyard::fleet
