#pragma once
/// The service's store, with the credentials of the job's role.

#include "agent/container.hpp"
#include "base/result.hpp"
#include "s3/client.hpp"
#include "wire/instance/spec.hpp"

#include <memory>

namespace trainyard::agent {

/// Used by one thread at a time.
struct JobStore {
  std::unique_ptr<s3::Exchange> http;
  s3::Client client;

  /// What waits for the service stops, with an error of code "Stopped", when `stop_fd` becomes
  /// readable. It waits for as long as nobody listens and the job's directory is there.
  static Result<std::unique_ptr<JobStore>> open(const wire::InstanceSpec& spec,
                                                const InstancePaths& paths, int stop_fd);
};

}  // namespace trainyard::agent
