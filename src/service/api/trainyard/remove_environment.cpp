#include "base/closest.hpp"
#include "base/log.hpp"
#include "os/files.hpp"
#include "service/api/trainyard/trainyard.hpp"
#include "service/identity/permission.hpp"
#include "service/store/environments.hpp"
#include "service/store/jobs.hpp"
#include "wire/json.hpp"
#include "wire/shapes/trainyard.hpp"

#include <fmt/format.h>

// POST /  X-Amz-Target: Trainyard.RemoveEnvironment  {"Name": "torch-2"}
// 200 {}

namespace trainyard::api {
namespace {

Failure refused(const std::string& name, std::string_view why) {
  return fail(ErrorKind::invalid, "ValidationException",
              fmt::format("remove the environment {}: {}", name, why));
}

Failure not_added(store::Snapshot& s, const std::string& name) {
  const auto rows = store::list_environments(s);
  std::vector<std::string_view> names;
  if (rows)
    for (const auto& row : *rows)
      names.push_back(row.name);
  const auto nearest = closest(name, names);
  return refused(name, nearest.empty() ? "none was added"
                                       : fmt::format("none of that name was added; did you mean "
                                                     "'{}'?",
                                                     nearest));
}

// What `trainyard envs add --requirements` made is the service's to remove; all else is its
// owner's.
void remove_directory(Services& services, const os::Path& directory) {
  std::error_code ec;
  if (directory.empty()) return;
  if (!std::filesystem::equivalent(directory.parent_path(), services.paths.environments(), ec))
    return;
  const bool taken = services.pool.post([directory] {
    if (const auto gone = os::remove_tree(directory); !gone)
      log::warn("a removed environment is not all gone", {{"error", gone.error().message}});
  });
  if (!taken) log::warn("a removed environment's directory stays", {{"path", directory.string()}});
}

}  // namespace

Result<Write> remove_environment(Services& services, const Call& call) {
  TRY(identity::check_admin(call.caller, "trainyard:RemoveEnvironment"));
  const auto request = TRY(wire::decode<wire::RemoveEnvironmentRequest>(call.body));
  const std::string name = request.Name;
  if (services.settings.environments.contains(name))
    return refused(name, "it is of the settings; take it out there and restart the service");
  const auto directory = std::make_shared<os::Path>();
  const auto users = TRY(services.world.users_of(name));
  if (!users.user.empty())
    return refused(name, "the job " + users.user +
                             ", which has not ended, uses it; wait for it, or stop it (trainyard "
                             "stop " +
                             users.user + ")");
  Write out;
  // A job is created before, and was looked at, or after, and finds none.
  out.write = [name, directory,
               looked_at = users.looked_at](store::Txn& txn) -> Result<std::string> {
    const auto row = TRY(store::find_environment(txn, name));
    if (!row) return not_added(txn, name);
    for (const auto& job : TRY(store::unfinished_jobs(txn)))
      if (!looked_at.contains(job.id))
        return refused(name, "the job " + job.name + " was created just now; try again");
    TRY(store::delete_environment(txn, name));
    bool is_anothers = false;
    for (const auto& other : TRY(store::list_environments(txn)))
      is_anothers = is_anothers || other.directory == row->directory;
    if (!is_anothers) *directory = row->directory;
    return "{}";
  };
  out.committed = [&services, directory] { remove_directory(services, *directory); };
  return out;
}

}  // namespace trainyard::api
