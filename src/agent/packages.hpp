#pragma once
/// Packages for scripts that bring a requirements.txt: installed once for what the file says, the
/// environment, and what pip is told, into a layer that later jobs are shown as well.
///
///   <root>/<key>/    a layer: what pip's --target gives; never changed
///
/// Pip runs packages' own code, and a job must not be able to put anything into a layer that others
/// use. So it runs in a container of its own, which sees the environment and that one file and
/// nothing of the job, and the layer's key is made here of all that went in. A layer that was not
/// used for 30 days goes when there are more than 64.

#include "agent/agent.hpp"
#include "agent/container.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "os/event.hpp"
#include "os/fd.hpp"
#include "wire/instance/spec.hpp"
#include "wire/packages/packages.hpp"

#include <memory>
#include <thread>

namespace trainyard::agent {

/// Answers one container's questions (wire/packages), one at a time, on a thread of its own.
class Packages {
public:
  /// Listens on paths.packages_socket(), which the container sees as wire::packages_socket.
  static Result<std::unique_ptr<Packages>> open(const wire::InstanceSpec& spec,
                                                const InstancePaths& paths,
                                                const MachineFacts& facts, MakeRuntime make_runtime,
                                                const Clock& clock);
  /// Ends an installation that runs.
  ~Packages();
  Packages(const Packages&) = delete;
  Packages& operator=(const Packages&) = delete;

private:
  Packages(wire::InstanceSpec spec, InstancePaths paths, MachineFacts facts,
           MakeRuntime make_runtime, const Clock& clock)
      : spec_(std::move(spec)), paths_(std::move(paths)), facts_(std::move(facts)),
        make_runtime_(std::move(make_runtime)), clock_(clock) {}
  void serve();
  void answer_one(const os::Fd& client);
  wire::PackagesAnswer answer(const wire::PackagesRequest& request, const os::Fd& output);
  Result<wire::PackagesAnswer> install(const wire::PackagesRequest& request, const std::string& key,
                                       const os::Fd& output);
  /// Passes the container's output on until it has ended; its last part, and how it ended.
  Result<std::string> relay(Running& running, const os::Fd& output, Exit& exit);
  /// False when it is over: the reader may never come.
  bool pass_on(const os::Fd& output, std::string_view bytes) const;

  wire::InstanceSpec spec_;
  InstancePaths paths_;
  MachineFacts facts_;
  MakeRuntime make_runtime_;
  std::unique_ptr<Runtime> runtime_;  // once there is something to install
  const Clock& clock_;
  os::Fd listener_;
  os::Event over_;
  std::size_t installed_ = 0;
  std::thread thread_;
};

/// What installs a layer: the environment, requirements.txt and the layer's directory, which are in
/// paths.packages(). Pure.
SandboxSpec plan_installation(const wire::InstanceSpec& spec, const InstancePaths& paths,
                              const MachineFacts& facts, const wire::PackagesRequest& request);

}  // namespace trainyard::agent
