// Which face of the binary was asked for: the service, an instance's agent, or a command.

#include "agent/agent.hpp"
#include "agent/outputs/copy_out.hpp"
#include "agent/runtime/sandbox.hpp"
#include "base/clock.hpp"
#include "cli/command_line.hpp"
#include "doctor.hpp"
#include "service/engine/sizing.hpp"
#include "service/serve.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <unistd.h>

namespace trainyard {
namespace {

os::Path this_program() {
  std::array<char, 4096> buffer;
  const ssize_t n = ::readlink("/proc/self/exe", buffer.data(), buffer.size());
  return n > 0 ? os::Path(std::string(buffer.data(), std::size_t(n))) : os::Path("trainyard");
}

// `trainyard agent --spec DIR/spec.json [FD]` and `trainyard agent --reap DIR`: started by a fleet,
// not by people, which hears by the end of that descriptor that the instance's lock is held.
int run_agent_face(std::string_view what, const os::Path& path, int began) {
  const auto act = [&]() -> Result<> {
    if (what == "--reap")
      return agent::reap(path, path.filename(), *TRY(agent::make_sandbox_runtime()));
    return agent::run_agent(path, this_program().parent_path() / "trainyard-train",
                            agent::make_sandbox_runtime, system_clock(), os::Fd(began));
  };
  const Result<> outcome = act();
  if (outcome) return 0;
  std::fprintf(stderr, "trainyard agent: %s\n", outcome.error().message.c_str());
  return 1;
}

Result<> run_service(const os::Path& data, const Settings& settings, bool json) {
  std::error_code ec;
  const os::Path whole = std::filesystem::absolute(data, ec);
  return serve({store::DataPaths::below(whole), settings, this_program(), json});
}

Result<std::vector<std::string>> copy_out(const os::Path& trusted, const os::Path& below,
                                          const os::Path& to) {
  return TRY(agent::copy_out(trusted, below, to)).lines();
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) {
  using namespace trainyard;
  if (argc >= 4 && std::string_view(argv[1]) == "agent")
    return run_agent_face(argv[2], argv[3], argc > 4 ? std::atoi(argv[4]) : -1);
  return cli::run(argc, argv,
                  {run_service, doctor, copy_out, engine::instance_type_fault, TRAINYARD_VERSION});
}
