#pragma once
/// What input/config/resourceconfig.json says of the job's hosts, and which of them a launcher was
/// asked for. Pure.

#include "base/result.hpp"
#include "toolkit/json.hpp"

#include <string>

namespace trainyard::toolkit {

struct Cluster {
  Json hosts, current_host, instance_type, group;
  Json group_hosts = Json::list(), group_names = Json::list(), groups = Json::object();
  Json distribution_groups, distribution_hosts = Json::list();
  Json master;
};

/// `resources` is the file, `framework` the hyperparameters named sagemaker_...
Result<Cluster> read_cluster(const Json& resources, const Json& framework);

/// Python's `text in container`, for a list, a text and an object.
bool python_in(const std::string& text, const Json& container);

}  // namespace trainyard::toolkit
