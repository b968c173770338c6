#include "service/api/trainyard/trainyard.hpp"
#include "wire/json.hpp"
#include "wire/shapes/trainyard.hpp"

// POST /  X-Amz-Target: Trainyard.ListEnvironments  {}
// POST /  X-Amz-Target: Trainyard.ExplainImage  {"Image": "…/pytorch-training:1.10-gpu-py38"}

namespace trainyard::api {

wire::EnvironmentSummary summary_of(const engine::PythonEnvironment& e) {
  std::string frameworks;
  for (const auto& [module, version] : e.frameworks)
    frameworks += (frameworks.empty() ? "" : ", ") + module + " " + version;
  return {e.name, e.python, e.python_version, frameworks, e.root};
}

Result<std::string> list_environments(Services& services, store::Snapshot&, const Call&) {
  wire::ListEnvironmentsResponse out;
  for (const auto& e : services.world.environments())
    out.Environments.push_back(summary_of(e));
  return wire::encode(out);
}

Result<std::string> explain_image(Services& services, store::Snapshot&, const Call& call) {
  const auto request = TRY(wire::decode<wire::ExplainImageRequest>(call.body));
  const auto resolved = services.world.resolve(request.Image, call.caller.environment);
  if (!resolved) return wire::encode(wire::ExplainImageResponse{"", resolved.error().message});
  return wire::encode(wire::ExplainImageResponse{resolved->environment.name, resolved->sentence});
}

}  // namespace trainyard::api
