#include "toolkit/torchrun.hpp"

#include "toolkit/base_directory.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/processes.hpp"
#include "toolkit/python_text.hpp"

#include <algorithm>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

constexpr const char* master_port = "7777";

Result<> set_variables(const TrainingEnvironment& environment, Variables& variables) {
  const std::string& type = environment.text("current_instance_type");
  if (has_efa(type)) variables.set("FI_PROVIDER", "efa");
  if (has_rdma(type)) {
    variables.set("FI_EFA_USE_DEVICE_RDMA", "1");
    variables.set("RDMAV_FORK_SAFE", "1");
  }
  variables.set("NCCL_SOCKET_IFNAME", TRY(to_system(environment.text("network_interface_name"))));
  variables.set("NCCL_PROTO", "simple");
  return {};
}

std::vector<std::string> options(const TrainingEnvironment& environment) {
  const auto& hosts = environment.at("distribution_hosts").items();
  std::vector<std::string> out{"--nnodes", std::to_string(hosts.size()), "--nproc_per_node",
                               processes_per_host(environment)};
  if (hosts.size() <= 1) return out;
  const std::string& current = environment.text("current_host");
  const auto at = std::find_if(hosts.begin(), hosts.end(), [&](const Json& host) {
    return host.is_text() && host.characters() == current;
  });
  out.insert(out.end(), {"--master_addr", environment.text("master_hostname"), "--master_port",
                         master_port, "--node_rank", std::to_string(at - hosts.begin())});
  return out;
}

}  // namespace

Result<Command> torchrun_command(const TrainingEnvironment& environment, EntryPointKind kind,
                                 const std::string& python, Variables& variables,
                                 const LogLines& log) {
  log.info("Starting distributed training through torchrun");
  TRY(set_variables(environment, variables));
  if (kind == EntryPointKind::python_package)
    return refuse("Python packages are not supported for torch_distributed. "
                  "Please use a python script as the entry-point");
  if (kind != EntryPointKind::python_program)
    return refuse("Unsupported entry point type for torch_distributed");
  Command out;
  const std::string beside = join_path(python.substr(0, python.rfind('/')), "torchrun");
  const bool precompiles = variables.get_or("RUN_NEURON_PARALLEL_COMPILE", "") == "1";
  if (precompiles) out.argv.push_back("neuron_parallel_compile");
  if (precompiles || ::access(beside.c_str(), X_OK) == 0) {
    out.program = precompiles ? variables.find_program(out.argv[0]).value_or(out.argv[0]) : beside;
    out.argv.push_back("torchrun");
  } else {
    out.argv = {python, "-m", "torch.distributed.run"};
  }
  for (const std::string& option : options(environment))
    out.argv.push_back(TRY(to_system(option)));
  out.argv.push_back(TRY(to_system(environment.text("user_entry_point"))));
  for (const std::string& argument : script_arguments(environment))
    out.argv.push_back(TRY(to_system(argument)));
  return out;
}

}  // namespace trainyard::toolkit
