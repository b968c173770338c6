#pragma once
/// The sentence that says why a job waits. Pure.

#include "job/queue.hpp"

#include <functional>
#include <string>

namespace trainyard::engine {

/// What people call a job.
struct JobName {
  std::string name, user;
};

/// "waits for capacity: 0 of 2 cores free, held by big; free by 2026-11-28 14:05 UTC at the latest
/// (MaxRuntimeInSeconds)". What is missing, who holds it, how many are ahead, and when by the time
/// limits of those who run it comes free. A job whose name is not known is left out.
std::string why_waits(const job::Why& why,
                      const std::function<std::optional<JobName>(const std::string& id)>& name_of);

}  // namespace trainyard::engine
