#pragma once
/// What the engine's effects need of this service: sizes, environments, channels, specs.

#include "net/server.hpp"
#include "service/channels/channels.hpp"
#include "service/engine/engine.hpp"
#include "service/engine/environments.hpp"
#include "service/engine/instance_spec.hpp"
#include "service/engine/sizing.hpp"
#include "service/store/environments.hpp"

#include <mutex>
#include <set>
#include <string>

namespace trainyard::engine {

class JobWorld {
public:
  JobWorld(const Settings& settings, InstanceContext instances, const channels::Stores& stores,
           net::Server& server);

  /// The functions given to the Engine; they refer to this object.
  World functions();
  /// Where the door leads, known once the service listens.
  void set_service_url(std::string url) { instances_.service_url = std::move(url); }

  /// All environments known to this service, best first.
  std::vector<PythonEnvironment> environments() const;
  /// Looks at one that was added, and refuses (kind `invalid`) what would show a job more than an
  /// environment.
  static Result<PythonEnvironment> inspect(const store::EnvironmentRow& row);
  struct Users {
    std::string user;                 ///< a job's name, or ""
    std::set<std::string> looked_at;  ///< ids of all jobs that had not ended
  };
  /// Whether a job that has not ended runs, or would run, in the added environment of that name.
  /// Looks at files: on the pool.
  Result<Users> users_of(const std::string& environment) const;
  /// What would run for `image`; `callers` is the environment of the caller's session, or "".
  Result<Resolution> resolve(std::string_view image, const std::string& callers) const;

private:
  job::Machine machine() const;
  job::Request asks(const store::JobRow& row) const;
  Sizing size_of(const store::JobRow& row) const;
  bool runs_in(const store::EnvironmentRow& row, const store::InstanceRow& instance) const;
  std::string held_up() const;
  std::vector<job::ForeignUse> others() const;
  Result<std::vector<std::string>> stage(const store::JobRow& row);
  Result<wire::InstanceSpec> spec(const store::JobRow& row, const job::Job& job, std::int64_t n);

  const Settings& settings_;
  InstanceContext instances_;
  channels::Stores stores_;
  net::Server& server_;
  job::Resources capacity_;
};

}  // namespace trainyard::engine
