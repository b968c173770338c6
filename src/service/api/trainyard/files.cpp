#include "os/files.hpp"

#include "service/api/operation/find_job.hpp"
#include "service/api/trainyard/trainyard.hpp"
#include "service/engine/job_codec.hpp"
#include "wire/json.hpp"
#include "wire/shapes/create_training_job.hpp"
#include "wire/shapes/describe_training_job.hpp"
#include "wire/shapes/trainyard.hpp"

// POST /  X-Amz-Target: Trainyard.LocateFiles  {"TrainingJobName": "NAME"}
// 200 {"Directories": [{"Path": "/opt/ml", "Directory": "/data/scratch/kept/ID.1.0/ml"}]}

namespace trainyard::api {
namespace {

Failure nothing_is_here(const store::JobRow& row, const job::Job& job) {
  const std::string front = "find the files of " + row.name + ": ";
  if (!job.model_uri.empty())
    return fail(ErrorKind::not_found, "ValidationException",
                front + "they are in the store; its model is " + job.model_uri +
                    " (aws s3 cp ... by `trainyard run`)");
  return fail(ErrorKind::not_found, "ValidationException",
              front + (job::is_terminal(job.phase)
                           ? "none is kept here; what it wrote to /opt/ml/output/data and its "
                             "checkpoints is in the store"
                           : "it has not begun to run"));
}

}  // namespace

Result<std::string> locate_files(Services& services, store::Snapshot& s, const Call& call) {
  const auto asked = TRY(wire::decode<wire::DescribeTrainingJobRequest>(call.body));
  const auto row = TRY(find_named(s, call, asked.TrainingJobName));
  const auto job = TRY(engine::decode_job(row.state));
  const auto request = TRY(wire::decode<wire::CreateTrainingJobRequest>(row.request));
  const std::string instance = engine::instance_id(row.id, job.attempt, 0);
  for (const os::Path& root : {services.paths.instances(), services.paths.kept()}) {
    const os::Path directory = root / instance;
    std::error_code ec;
    if (root != services.paths.kept() && job::is_terminal(job.phase)) continue;  // about to go
    if (!std::filesystem::exists(directory / "ml", ec)) continue;
    wire::LocateFilesResponse out;
    if (const auto& checkpoint = request.CheckpointConfig)
      out.Directories.push_back(
          {checkpoint->LocalPath.value_or("/opt/ml/checkpoints"), directory / "checkpoints"});
    out.Directories.push_back({"/opt/ml", directory / "ml"});
    return wire::encode(out);
  }
  return nothing_is_here(row, job);
}

}  // namespace trainyard::api
