#include "cli/commands.hpp"
#include "cli/connection.hpp"
#include "wire/json.hpp"
#include "wire/shapes/describe_training_job.hpp"
#include "wire/shapes/trainyard.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace trainyard::cli {
namespace {

Failure usage_of(const std::string& from) {
  return fail(ErrorKind::invalid, "Usage",
              "copy " + from +
                  ": name a job and a path that it sees: trainyard cp NAME:/opt/ml/model .");
}

// As cp does: into a directory that is there, else to that name.
os::Path target_of(const os::Path& path, const os::Path& to) {
  std::error_code ec;
  if (!std::filesystem::is_directory(to, ec)) return to;
  return to / path.filename();
}

}  // namespace

Result<int> copy_files(const Common& common, const std::string& from, const os::Path& to,
                       const CopyOut& copy_out) {
  const auto colon = from.find(':');
  if (colon == from.npos || from.substr(colon + 1, 1) != "/") return usage_of(from);
  os::Path path = os::Path(from.substr(colon + 1)).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // a slash at its end
  if ((path / "").native().starts_with("/opt/ml/input/data/"))
    return fail(ErrorKind::invalid, "Usage",
                "copy " + from +
                    ": a channel is no file of the job's; copy it from where its data is, which "
                    "`trainyard describe` tells");
  Connection service = TRY(Connection::open(common.data));
  if (!service.is_local())
    return fail(ErrorKind::invalid, "Usage",
                "copy " + from + ": the service at " + service.credentials().Endpoint +
                    " is not that of " + common.data.string() +
                    "; run this on its machine, with --data");
  wire::DescribeTrainingJobRequest request;
  request.TrainingJobName = from.substr(0, colon);
  const std::string answer =
      TRY(service.call("Trainyard.LocateFiles", std::string_view(wire::encode(request))));
  const auto files = TRY(wire::decode_answer<wire::LocateFilesResponse>(answer));
  for (const auto& directory : files.Directories) {
    const os::Path below = path.lexically_relative(directory.Path);
    if (below.empty() || *below.begin() == "..") continue;
    const auto left_out = copy_out(directory.Directory, below, target_of(path, to));
    if (!left_out) return in_context(left_out.error(), "copy " + from);
    for (const auto& line : *left_out)
      fmt::print(stderr, "trainyard: {}\n", line);
    return ok;
  }
  return fail(ErrorKind::not_found, "ValidationException",
              "copy " + from + ": only what is below /opt/ml is kept, and checkpoints");
}

}  // namespace trainyard::cli
