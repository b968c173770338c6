#pragma once
/// What an instance exchanges with the store around training: checkpoints before, outputs after.
/// Blocking; runs on the agent's worker.

#include "agent/container.hpp"
#include "base/result.hpp"
#include "wire/instance/spec.hpp"

#include <string>
#include <vector>

namespace trainyard::agent {

/// Brings what lies under the checkpoint location into the checkpoint directory.
Result<> restore_checkpoints(const wire::InstanceSpec& spec, const InstancePaths& paths);

struct Uploaded {
  std::string model_uri;           ///< S3ModelArtifacts; "" when no model was uploaded
  std::vector<std::string> notes;  ///< for the job's log: files left out and why
};
/// Packs and uploads output, checkpoints and, `with_model`, the model. To keys fixed by the job:
/// may be repeated.
Result<Uploaded> upload_outputs(const wire::InstanceSpec& spec, const InstancePaths& paths,
                                bool with_model);

}  // namespace trainyard::agent
