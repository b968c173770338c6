#pragma once
/// What a CreateTrainingJob must be, beyond the rules of its members, to be taken. Errors are of
/// kind `invalid` and worded as the service words them where it has words for them.

#include "base/result.hpp"
#include "base/settings.hpp"
#include "service/store/database.hpp"
#include "wire/shapes/create_training_job.hpp"

#include <string_view>

namespace trainyard::api {

/// What can be said before the store is asked; may wait for a file system. `strict` refuses what
/// only a lenient service accepts: a role, key or network that there is none of, a wait shorter
/// than the run.
Result<> check_training_job(const wire::CreateTrainingJobRequest& request, std::string_view account,
                            const Settings& settings);

/// Inputs, output and checkpoints lead to what there is.
Result<> check_places(store::Snapshot& s, const wire::CreateTrainingJobRequest& request,
                      std::string_view account, std::string_view region, const Settings& settings);

}  // namespace trainyard::api
