#pragma once
/// What goes to the store when a script has ended. Blocking; runs on the agent's worker.

#include "agent/container.hpp"
#include "base/result.hpp"
#include "wire/instance/spec.hpp"

#include <string>
#include <vector>

namespace trainyard::agent {

struct Uploaded {
  std::string model_uri;           ///< S3ModelArtifacts; "" when no model was uploaded
  std::vector<std::string> notes;  ///< for the job's log: files left out and why
};
/// Packs and uploads output and, `with_model`, the model. To keys fixed by the job:
/// may be repeated. `uploaded` holds also what came before an error: of kind `limit` for output or
/// a model that is larger than OutputBytesMax, of code "Stopped" soon after `stop_fd` has become
/// readable.
Result<> upload_outputs(const wire::InstanceSpec& spec, const InstancePaths& paths, bool with_model,
                        int stop_fd, Uploaded& uploaded);

}  // namespace trainyard::agent
