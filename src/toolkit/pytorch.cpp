#include "toolkit/pytorch.hpp"

#include "toolkit/failure.hpp"
#include "toolkit/host_wait.hpp"
#include "toolkit/python_interpreter.hpp"
#include "toolkit/python_text.hpp"

namespace trainyard::toolkit {
namespace {

// Gloo's way of saying that another rank went away first: the original calls such a job done.
constexpr std::string_view known_exception =
    "terminate called after throwing an instance of 'gloo::EnforceNotMet'";

Result<> set_distributed_variables(Training& training) {
  const Json& interface = training.environment.at("network_interface_name");
  if (!interface.is_text())
    return fail(ErrorKind::invalid, "InvalidConfiguration",
                "resourceconfig.json: 'network_interface_name' must be a text");
  Variables& variables = training.variables;
  variables.set("NCCL_SOCKET_IFNAME", TRY(to_system(interface.characters())));
  variables.set("NCCL_IB_DISABLE", "1");
  variables.set("NCCL_DEBUG", "WARN");
  variables.set("MASTER_ADDR", TRY(to_system(training.environment.text("master_hostname"))));
  variables.set("MASTER_PORT", "7777");
  return {};
}

void set_torch_version(Training& training) {
  const auto python = find_python(training.variables);
  const auto version = python ? torch_version(*python, training.variables) : std::nullopt;
  if (version)
    training.variables.set("SM_DLC_TORCH_VERSION", *version);
  else
    training.log.warning("PyTorch cannot be found", LogLines::pytorch);
}

}  // namespace

Result<> run_pytorch(Training& training, Launcher launcher) {
  const LogLines& log = training.log;
  if (skips_host_wait(training.variables)) {
    log.info("Bypass DNS check in case of Studio Local Mode execution.", LogLines::pytorch);
  } else {
    log.info("Block until all host DNS lookups succeed.", LogLines::pytorch);
    TRY(wait_for_hosts(training.environment.at("hosts"), training.clock));
  }
  TRY(set_distributed_variables(training));
  if (launcher == Launcher::torchrun) log.info("Invoking TorchDistributed...", LogLines::pytorch);
  log.info("Invoking user training script.", LogLines::pytorch);
  const bool captured =
      !training.environment.framework_flag("sagemaker_toolkit_native_launcher_enabled");
  if (!captured) log.info("capture_error is False. Default is True", LogLines::pytorch);
  set_torch_version(training);

  auto ended = run_script(training, captured, launcher);
  if (!ended && ended.error().code == script_error &&
      ended.error().message.find(known_exception) != std::string::npos) {
    log.warning("Known exception: " + ended.error().message, LogLines::pytorch);
    return {};
  }
  return ended;
}

}  // namespace trainyard::toolkit
