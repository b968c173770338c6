#pragma once
/// From an instance type to what its job gets here. Pure.

#include "base/settings.hpp"
#include "job/queue.hpp"
#include "service/fleet/instance_types.hpp"

#include <string>
#include <string_view>

namespace trainyard::engine {

struct Sizing {
  job::Resources
      wanted;            ///< what the type has on the service, or what the settings say it has here
  job::Resources given;  ///< the same, scaled down to the machine
  std::string sentence;  ///< for the job's log; "" when a known type was not scaled
};

Sizing size_instance(std::string_view type, const Settings& settings,
                     const job::Resources& machine);

/// What is wrong with a type that the settings name, in words with the closest known one, or "". A
/// type that the table lacks needs a name that tells its size.
std::string instance_type_fault(std::string_view type);

/// What jobs may use of this machine: what it has, `gpus` GPUs among it (engine/gpus.hpp), or what
/// [machine] says.
job::Resources machine_resources(const Settings& settings, std::size_t gpus);

}  // namespace trainyard::engine
