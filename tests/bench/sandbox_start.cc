/// What a sandbox costs over a plain process: /bin/true is prepared, started, awaited and destroyed
/// in a sandbox, and forked, executed and awaited without one, in turns, so that both see the same
/// machine. Prints the medians of [ROUNDS] (200): {"sandbox_ms":..,"spawn_ms":..}. As root jobs run
/// as user 65534.

#include "agent/runtime/sandbox.hpp"
#include "os/process.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <vector>

namespace {

using namespace trainyard;
using Clock = std::chrono::steady_clock;

constexpr id_t nobody = 65534;

agent::SandboxSpec plain_job(const os::Path& place) {
  agent::SandboxSpec out;
  out.id = "bench-" + std::to_string(::getpid());
  out.scratch = place / "scratch";
  out.log = place / "raw.log";
  out.host_uid = ::geteuid() == 0 ? nobody : ::geteuid();
  out.host_gid = ::geteuid() == 0 ? nobody : ::getegid();
  out.hostname = "algo-1";
  out.argv = {"/bin/true"};
  return out;
}

Result<> run_sandboxed(agent::SandboxRuntime& runtime, const agent::SandboxSpec& spec) {
  agent::Running running = TRY(runtime.prepare(spec));
  TRY(runtime.start(running));
  const agent::Exit exit = TRY(runtime.wait(running));
  TRY(runtime.destroy(spec.id, spec.scratch));
  if (exit.code != 0 || exit.signal != 0 || exit.setup_failed)
    return fail_internal("run /bin/true in a sandbox: " + exit.message);
  return {};
}

Result<> run_plain() {
  os::SpawnSpec spec;
  spec.program = "/bin/true";
  spec.arguments = {"/bin/true"};
  const os::Child child = TRY(os::spawn(spec));
  const os::ExitStatus status = TRY(os::wait(child));
  if (status.code != 0 || status.signal != 0) return fail_internal("run /bin/true: it failed");
  return {};
}

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double median(std::vector<double> all) {
  const auto middle = all.begin() + std::ptrdiff_t(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

Result<> measure(const os::Path& place, int rounds) {
  const auto runtime = TRY(agent::SandboxRuntime::make());
  const agent::SandboxSpec spec = plain_job(place);
  std::vector<double> sandbox, plain;
  for (int n = 0; n < rounds; ++n) {
    auto begin = Clock::now();
    TRY(run_sandboxed(*runtime, spec));
    sandbox.push_back(ms_since(begin));
    begin = Clock::now();
    TRY(run_plain());
    plain.push_back(ms_since(begin));
  }
  std::printf("{\"sandbox_ms\":%.3f,\"spawn_ms\":%.3f}\n", median(sandbox), median(plain));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 200;
  std::string place = (std::filesystem::temp_directory_path() / "sandbox-start-XXXXXX").string();
  if (!::mkdtemp(place.data())) return 1;
  const auto measured = measure(place, rounds);
  (void)os::remove_tree(place);
  if (!measured) std::fprintf(stderr, "%s\n", measured.error().message.c_str());
  return measured ? 0 : 1;
}
