#include "toolkit/processes.hpp"

#include "toolkit/python_text.hpp"

#include <algorithm>
#include <array>

namespace trainyard::toolkit {
namespace {

constexpr const char* processes_parameter = "sagemaker_mpi_num_of_processes_per_host";

// Types with Amazon's network adapter, and those of them whose adapter reads memory by itself.
constexpr std::array<std::string_view, 10> efa_types{
    "ml.g4dn.8xlarge",  "ml.g4dn.12xlarge",     "ml.g5.48xlarge", "ml.p3dn.24xlarge",
    "ml.p4d.24xlarge",  "ml.p4de.24xlarge",     "ml.p5.48xlarge", "ml.p5e.48xlarge",
    "ml.trn1.32xlarge", "ml.p6e-gb200.36xlarge"};
constexpr std::array<std::string_view, 6> rdma_types{"ml.p4d.24xlarge",  "ml.p4de.24xlarge",
                                                     "ml.p5.48xlarge",   "ml.p5e.48xlarge",
                                                     "ml.trn1.32xlarge", "ml.p6e-gb200.36xlarge"};

template <class List> bool contains(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

std::string processes_per_host(const TrainingEnvironment& environment) {
  const Json asked = environment.at("additional_framework_parameters").get(processes_parameter);
  if (!asked.is_null()) return python_str(asked);
  for (const char* count : {"num_gpus", "num_neurons"})
    if (environment.at(count).is_truthy()) return python_str(environment.at(count));
  return "1";
}

bool has_efa(std::string_view instance_type) {
  return contains(efa_types, instance_type);
}
bool has_rdma(std::string_view instance_type) {
  return contains(rdma_types, instance_type);
}

}  // namespace trainyard::toolkit
