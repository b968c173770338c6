#pragma once
/// What this container has, counted once: processors, GPUs, Neuron cores, launchers. By the same
/// questions the Python toolkit asks (nvidia-smi, neuron-ls), so that the answers are the same.

#include "base/result.hpp"
#include "toolkit/json.hpp"
#include "toolkit/log_lines.hpp"
#include "toolkit/variables.hpp"

#include <string_view>

namespace trainyard::toolkit {

struct MachineFacts {
  long long cpus = 1;
  long long gpus = 0;
  Json neurons = Json::integer(0);
  bool has_smddprun = false, has_smddpmprun = false;
  std::vector<std::string> notes;  ///< lines for the log
};

/// Runs nvidia-smi and neuron-ls where PATH has them. The error is a neuron-ls that answers
/// nonsense.
Result<MachineFacts> look_at_machine(const Variables& variables, std::string_view instance_type);

}  // namespace trainyard::toolkit
