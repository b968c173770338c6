#pragma once
/// Linux namespaces: the runtime that needs nothing installed, as root and as an ordinary user.
///
/// Beyond what runtime.hpp promises:
/// - The lifeline is this object's: when it goes, by destruction or with its process, every
///   container that it prepared and that still lives is killed. What the job wrote until then and
///   nobody took from the pipe is appended to SandboxSpec::log.
/// - Running::output must be read: `exited` waits until its last byte was taken, but not for long.
///   What is in it once `exited` is readable is all that the container wrote; its end of file may
///   never come, for a job can hand the write end to a process outside.
/// - prepare() of an id that this object holds already is refused (kind `conflict`) and changes
///   nothing; traces of an older one with the same id and scratch are removed first.
/// - kill() asks pid 1 first, so that no output is lost; a second kill() does not ask.

#include "agent/runtime/runtime.hpp"
#include "os/cgroups.hpp"
#include "os/seccomp.hpp"

#include <map>

namespace trainyard::agent {

class SandboxRuntime final : public Runtime {
public:
  /// Looks at the machine's control groups and compiles the system call filter.
  static Result<std::unique_ptr<SandboxRuntime>> make();
  ~SandboxRuntime() override;
  SandboxRuntime(const SandboxRuntime&) = delete;
  SandboxRuntime& operator=(const SandboxRuntime&) = delete;

  RuntimeInfo describe() const override;
  Result<Running> prepare(const SandboxSpec& spec) override;
  Result<> start(Running& running) override;
  Result<> signal(Running& running, int signal) override;
  Result<> kill(Running& running) override;
  Result<Exit> wait(Running& running) override;
  Result<> destroy(const std::string& id, const os::Path& scratch) override;

private:
  struct Live;
  SandboxRuntime(os::CgroupHost cgroups, os::SyscallFilter filter);

  Result<> lay_out(const Live& live) const;
  Result<Running> build(Live& live);
  Result<Live*> find(const Running& running);

  os::CgroupHost cgroups_;
  os::SyscallFilter filter_;
  std::map<std::string, std::unique_ptr<Live>> live_;  // by id, until destroy()
};

/// The runtime of this machine, as an agent wants it.
Result<std::unique_ptr<Runtime>> make_sandbox_runtime();

}  // namespace trainyard::agent
