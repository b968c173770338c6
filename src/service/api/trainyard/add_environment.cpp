#include "service/api/trainyard/trainyard.hpp"
#include "service/store/environments.hpp"
#include "wire/json.hpp"
#include "wire/shapes/trainyard.hpp"

#include <fmt/format.h>

#include <algorithm>

// POST /  X-Amz-Target: Trainyard.AddEnvironment  {"Name": "torch-2", "Python": "bin/python3"}
// POST /  X-Amz-Target: Trainyard.AddEnvironment  {"Name": "alpine", "Root": true}
// 200 {"Name": "torch-2", "Python": "/venv/bin/python3", "PythonVersion": "3.11", ...}
//
// The directory is not of the request: it is the one that a local client handed over, open, with
// the key that signs. What a client only names is never opened.

namespace trainyard::api {
namespace {

namespace fs = std::filesystem;

Failure refused(const std::string& name, std::string_view why) {
  return fail(ErrorKind::invalid, "ValidationException",
              fmt::format("add the environment {}: {}", name, why));
}

Result<store::EnvironmentRow> row_of(const Services& services, const Call& call) {
  auto request = TRY(wire::decode<wire::AddEnvironmentRequest>(call.body));
  const fs::path directory(call.caller.environment), python(request.Python);
  if (directory.empty())
    return refused(request.Name, "no directory was handed over; use `trainyard envs add` on the "
                                 "service's machine, as the user who runs the service");
  const bool leads_out = std::find(python.begin(), python.end(), "..") != python.end();
  if (!request.Root && (python.empty() || python.is_absolute() || leads_out))
    return refused(request.Name, "Python must be a path below the directory, as bin/python3");
  if (services.settings.environments.contains(request.Name))
    return refused(request.Name, "the settings have one of that name; choose another name");
  return store::EnvironmentRow{request.Name, directory, request.Root ? "" : request.Python};
}

// Jobs see all of these directories, and may be the service's own user.
Result<> check_data_stays_hidden(const Services& services, const std::string& name,
                                 const engine::PythonEnvironment& found) {
  std::vector<fs::path> seen(found.mounts.begin(), found.mounts.end());
  if (!found.root.empty()) seen.push_back(found.root);
  std::error_code ec;
  const fs::path state = fs::canonical(services.paths.state, ec);
  for (const auto& directory : seen)
    if (engine::is_below(state, directory))
      return refused(name, "the service's own data directory is in " + directory.string() +
                               ", all of which jobs would see; make the environment elsewhere");
  return {};
}

}  // namespace

Result<Write> add_environment(Services& services, const Call& call) {
  const auto row = TRY(row_of(services, call));
  auto found = engine::JobWorld::inspect(row);
  if (!found) return refused(row.name, found.error().message);
  TRY(check_data_stays_hidden(services, row.name, *found));
  Write out;
  out.write = [row,
               answer = wire::encode(summary_of(*found))](store::Txn& txn) -> Result<std::string> {
    const auto added = store::insert_environment(txn, row);
    if (!added && added.error().kind == ErrorKind::conflict)
      return refused(row.name,
                     "there is one of that name; remove it first (trainyard envs remove " +
                         row.name + "), or choose another name");
    if (!added) return Failure(added.error());
    return answer;
  };
  return out;
}

}  // namespace trainyard::api
