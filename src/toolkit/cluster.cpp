#include "toolkit/cluster.hpp"

#include "toolkit/failure.hpp"

#include <algorithm>
#include <array>

namespace trainyard::toolkit {
namespace {

// Any of these makes the current instance group the one that is distributed over.
constexpr std::array<std::string_view, 7> distribution_flags = {
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled"};

Result<> check_groups(const Json& groups) {
  if (!groups.is_list())
    return misconfigured("resourceconfig.json: instance_groups must be a list");
  for (const Json& group : groups.items()) {
    const Json *name = group.find("instance_group_name"), *hosts = group.find("hosts");
    if (!name || !name->is_text() || !hosts || !hosts->is_list())
      return misconfigured(
          "resourceconfig.json: an instance group needs instance_group_name and hosts");
  }
  return {};
}

Result<> check_hosts(const Cluster& cluster) {
  if (!cluster.hosts.is_list() || cluster.hosts.items().empty())
    return misconfigured("resourceconfig.json needs 'hosts', the list of all hosts' names");
  for (const Json& host : cluster.hosts.items())
    if (!host.is_text()) return misconfigured("resourceconfig.json: 'hosts' must be texts");
  if (!cluster.current_host.is_text())
    return misconfigured("resourceconfig.json needs 'current_host', this host's name");
  if (!cluster.group.is_text())
    return misconfigured("resourceconfig.json: 'current_group_name' must be a text");
  return {};
}

}  // namespace

Result<Cluster> read_cluster(const Json& resources, const Json& framework) {
  Cluster out;
  out.hosts = resources.get("hosts");
  out.current_host = resources.get("current_host");
  out.instance_type = resources.get("current_instance_type", Json::text("local"));
  out.group = resources.get("current_group_name", Json::text("homogeneousCluster"));
  TRY(check_hosts(out));
  const Json groups = resources.get("instance_groups", Json::list());
  TRY(check_groups(groups));

  const bool any_flag =
      std::any_of(distribution_flags.begin(), distribution_flags.end(),
                  [&](std::string_view flag) { return framework.get(flag).is_truthy(); });
  out.distribution_groups = framework.get("sagemaker_distribution_instance_groups",
                                          any_flag ? Json::list({out.group}) : Json::list());
  std::vector<Json> names, distributed;
  for (const Json& group : groups.items()) {
    const Json &name = *group.find("instance_group_name"), &hosts = *group.find("hosts");
    if (name == out.group && !python_in(name.characters(), Json::list(names)))
      out.group_hosts = hosts;
    if (python_in(name.characters(), out.distribution_groups))
      distributed.insert(distributed.end(), hosts.items().begin(), hosts.items().end());
    names.push_back(name);
    out.groups.set(name.characters(), group);
  }
  out.group_names = Json::list(std::move(names));
  out.distribution_hosts = groups.items().empty() ? out.hosts : Json::list(std::move(distributed));
  out.master = out.distribution_hosts.items().empty() ? out.hosts.items()[0]
                                                      : out.distribution_hosts.items()[0];
  return out;
}

bool python_in(const std::string& text, const Json& container) {
  if (container.is_text()) return container.characters().find(text) != std::string::npos;
  if (container.is_object()) return container.find(text) != nullptr;
  return std::any_of(container.items().begin(), container.items().end(),
                     [&](const Json& item) { return item.is_text() && item.characters() == text; });
}

}  // namespace trainyard::toolkit
