#include "toolkit/failure.hpp"
#include "toolkit/torchrun.hpp"

#include <doctest/doctest.h>

namespace trainyard::toolkit {
namespace {

TrainingEnvironment environment() {
  TrainingEnvironment out;
  out.properties = Json::object({{"current_instance_type", Json::text("ml.m5.large")},
                                 {"network_interface_name", Json::text("lo")},
                                 {"additional_framework_parameters", Json::object()},
                                 {"hyperparameters", Json::object()},
                                 {"num_gpus", Json::integer(0)},
                                 {"num_neurons", Json::integer(0)},
                                 {"distribution_hosts", Json::texts({"algo-1"})},
                                 {"user_entry_point", Json::text("train.py")}});
  return out;
}

}  // namespace

// SEMANTICS T9
TEST_CASE("torchrun starts Python programs, by the Python that the job has") {
  const LogLines log(system_clock());
  Variables variables;
  const auto command = [&](EntryPointKind kind) {
    return torchrun_command(environment(), kind, "/no/such/bin/python", variables, log);
  };
  const auto made = command(EntryPointKind::python_program);
  REQUIRE(made);
  CHECK(made->argv == std::vector<std::string>{"/no/such/bin/python", "-m", "torch.distributed.run",
                                               "--nnodes", "1", "--nproc_per_node", "1",
                                               "train.py"});
  CHECK(made->program.empty());
  CHECK(variables.get("NCCL_PROTO") == "simple");
  CHECK(command(EntryPointKind::python_package).error().message ==
        "Python packages are not supported for torch_distributed. "
        "Please use a python script as the entry-point");
  CHECK(command(EntryPointKind::command).error().code == client_error);
}

}  // namespace trainyard::toolkit
