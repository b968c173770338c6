#include "agent/packages.hpp"

#include <doctest/doctest.h>

namespace trainyard::agent {

// SEMANTICS T20
TEST_CASE("packages are installed where nothing of the job is") {
  wire::InstanceSpec spec;
  spec.Id = "job.1.0";
  spec.JobName = "job";
  spec.HostUid = spec.HostGid = 999;
  spec.Environment = {"venv", "/venv/bin/python", {"/venv"}, ""};
  spec.Variables = {{"LD_PRELOAD", "/opt/ml/code/x.so"}};
  spec.Channels.emplace_back().Source = "/snapshot";
  spec.Packages = {"https://index", "/wheels", true, "/layers"};
  const InstancePaths paths{"/scratch/job.1.0"};
  const auto plan = plan_installation(spec, paths, {1 << 30, 8430, "/bin/trainyard-train", "lo"},
                                      {"six\n", {"PIP_RETRIES=0"}});
  CHECK(plan.id == "job.1.0.packages");
  CHECK(plan.scratch == "/scratch/job.1.0/packages-scratch");
  CHECK(plan.door_port == 0);
  std::vector<std::string> writable, seen;
  for (const auto& mount : plan.mounts) {
    seen.push_back(mount.source);
    if (!mount.read_only) writable.push_back(mount.source);
  }
  CHECK(writable == std::vector<std::string>{"/scratch/job.1.0/packages/layer"});
  CHECK(seen == std::vector<std::string>{"/venv", "/bin/trainyard-train",
                                         "/scratch/job.1.0/packages/requirements.txt",
                                         "/scratch/job.1.0/packages/layer", "/wheels"});
  for (const auto& variable : plan.environment)
    CHECK_MESSAGE(!variable.starts_with("LD_PRELOAD"), variable);
  CHECK(plan.environment.back() == "PIP_RETRIES=0");
}

}  // namespace trainyard::agent
