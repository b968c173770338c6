#include "toolkit/environment.hpp"

#include "base/encoding.hpp"
#include "os/files.hpp"
#include "toolkit/cluster.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/python_text.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace trainyard::toolkit {
namespace {

// Hyperparameters that are meant for the toolkit itself: neither the user's nor a framework's.
constexpr std::array<std::string_view, 9> own_hyperparameters = {
    "sagemaker_program",        "sagemaker_submit_directory",
    "sagemaker_region",         "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_job_name",       "sagemaker_container_log_level",
    "default_user_module_name", "_tuning_objective_metric",
    "sagemaker_s3_output"};

Result<Json> read_object(const BaseDirectory& at, std::string_view name) {
  const std::string path = join_path(at.config(), name);
  const std::string text = TRY(os::read_file(path));
  if (!is_utf8(text)) return misconfigured(path + " is not UTF-8");
  auto json = parse_json(text);
  if (!json) return in_context(json.error(), "read " + path);
  if (!json->is_object()) return misconfigured(path + " must hold a JSON object");
  return std::move(*json);
}

// The hyperparameters with each value decoded, and split by whom they are for.
struct Hyperparameters {
  Json own = Json::object(), framework = Json::object(), user = Json::object();
};

Hyperparameters split(const Json& file, std::vector<std::string>& notes) {
  Hyperparameters out;
  for (const auto& [name, given] : file.members()) {
    Json value = given;
    auto decoded = given.is_text() ? parse_json(given.characters()) : Result<Json>(given);
    if (given.is_text() && decoded)
      value = std::move(*decoded);
    else
      notes.push_back("Failed to parse hyperparameter " + name + " value " + python_str(given) +
                      " to Json.\nReturning the value itself");
    const bool is_own = std::find(own_hyperparameters.begin(), own_hyperparameters.end(), name) !=
                        own_hyperparameters.end();
    Json& target = is_own ? out.own : name.starts_with("sagemaker_") ? out.framework : out.user;
    target.set(name, std::move(value));
  }
  return out;
}

void add_cluster(Json& to, const Cluster& cluster) {
  to.set("current_host", cluster.current_host);
  to.set("current_instance_group", cluster.group);
  to.set("current_instance_group_hosts", cluster.group_hosts);
  to.set("current_instance_type", cluster.instance_type);
  to.set("distribution_hosts", cluster.distribution_hosts);
  to.set("distribution_instance_groups", cluster.distribution_groups);
  to.set("hosts", cluster.hosts);
  to.set("instance_groups", cluster.group_names);
  to.set("instance_groups_dict", cluster.groups);
  to.set("is_hetero", Json::boolean(cluster.group_names.items().size() > 1));
  to.set("is_master", Json::boolean(cluster.current_host == cluster.master));
  to.set("master_hostname", cluster.master);
}

void add_paths(Json& to, const BaseDirectory& at, const Json& input_data) {
  const auto path = [](const std::string& bytes) { return Json::text(from_system(bytes)); };
  Json channels = Json::object();
  for (const auto& [name, settings] : input_data.members())
    channels.set(name, Json::text(join_path(join_path(from_system(at.input()), "data"), name)));
  to.set("channel_input_dirs", channels);
  to.set("input_config_dir", path(at.config()));
  to.set("input_dir", path(at.input()));
  to.set("model_dir", path(at.model()));
  to.set("output_data_dir", path(at.output_data()));
  to.set("output_dir", path(at.output()));
  to.set("output_intermediate_dir", path(at.intermediate()));
}

void add_machine(Json& to, const MachineFacts& machine) {
  to.set("num_cpus", Json::integer(machine.cpus));
  to.set("num_gpus", Json::integer(machine.gpus));
  to.set("num_neurons", machine.neurons);
  to.set("is_smddpmprun_installed", Json::boolean(machine.has_smddpmprun));
  to.set("is_smddprun_installed", Json::boolean(machine.has_smddprun));
}

Json text_or_null(const Variables& variables, std::string_view name) {
  const auto value = variables.get(name);
  return value ? Json::text(from_system(*value)) : Json();
}

// `$SM_HP_MP_PARAMETERS and $SM_HP_MP_PARAMETERS != "{}"`, which is null or "" where it is that.
Json model_parallel(const Variables& variables) {
  const Json given = text_or_null(variables, "SM_HP_MP_PARAMETERS");
  return given.is_truthy() ? Json::boolean(given.characters() != "{}") : given;
}

// SAGEMAKER_PROGRAM and the hyperparameter sagemaker_program, in their odd precedence.
Result<> add_program(Json& to, const Json& own, const Variables& variables) {
  const Json from_variable = text_or_null(variables, "SAGEMAKER_PROGRAM");
  const Json from_hyperparameter = own.get("sagemaker_program");
  std::string module =
      from_variable.is_null() ? python_str(from_hyperparameter) : from_variable.characters();
  if (module.ends_with(".py")) module.resize(module.size() - 3);
  const Json entry = from_variable.is_truthy() ? from_variable : from_hyperparameter;
  if (entry.is_truthy() && !entry.is_text())
    return misconfigured("the hyperparameter sagemaker_program must name a script, not be " +
                         python_repr(entry));
  to.set("module_name", Json::text(std::move(module)));
  to.set("user_entry_point", entry.is_text() ? entry : Json());  // 0 and false are as no name
  return {};
}

Result<long long> level_number(const Json& level) {
  if (level.kind() == Json::Kind::boolean) return level.as_boolean() ? 1 : 0;
  if (level.kind() == Json::Kind::integer)
    return std::strtoll(level.characters().c_str(), nullptr, 10);
  return misconfigured(
      "the hyperparameter sagemaker_container_log_level must be a number such as 20, "
      "not " +
      python_repr(level));
}

// The original reads this variable only to fail on it: int() takes spaces, a sign and digits.
Result<> check_level_variable(const Variables& variables) {
  const std::string given = variables.get_or("SAGEMAKER_CONTAINER_LOG_LEVEL", "20");
  const std::size_t first = given.find_first_not_of(" \t\n\r"),
                    last = given.find_last_not_of(" \t\n\r");
  std::string_view digits = given;
  digits = first == given.npos ? "" : digits.substr(first, last - first + 1);
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  if (!digits.empty() && digits.find_first_not_of("0123456789") == digits.npos) return {};
  return misconfigured("SAGEMAKER_CONTAINER_LOG_LEVEL is '" + given +
                       "'; it must be a number such as 20");
}

// What of the launcher's own variables the script inherits.
Result<NamedTexts> launcher_variables(const Json& own, const Cluster& cluster,
                                      const Variables& variables) {
  const Json job_name = own.get("sagemaker_job_name", Json::text(""));
  if (!job_name.is_text())
    return misconfigured("the hyperparameter sagemaker_job_name must be a text, not " +
                         python_repr(job_name));
  const Json region = own.get("sagemaker_region", text_or_null(variables, "AWS_DEFAULT_REGION"));
  if (region.is_truthy() && !region.is_text())
    return misconfigured("the hyperparameter sagemaker_region must be a text, not " +
                         python_repr(region));
  return NamedTexts{{"SAGEMAKER_JOB_NAME", job_name.characters()},
                    {"CURRENT_HOST", cluster.current_host.characters()},
                    {"SAGEMAKER_REGION", region.is_text() ? region.characters() : ""}};
}

}  // namespace

Result<std::string> Configuration::instance_type() const {
  const Json type = resources.get("current_instance_type", Json::text("local"));
  if (!type.is_text())
    return misconfigured("resourceconfig.json: 'current_instance_type' must be a text");
  return type.characters();
}

Result<Configuration> read_configuration(const BaseDirectory& at) {
  Configuration out;
  out.resources = TRY(read_object(at, "resourceconfig.json"));
  out.input_data = TRY(read_object(at, "inputdataconfig.json"));
  out.hyperparameters = TRY(read_object(at, "hyperparameters.json"));
  return out;
}

const Json& TrainingEnvironment::at(std::string_view property) const {
  const Json* found = properties.find(property);
  CHECK(found != nullptr);
  return *found;
}

bool TrainingEnvironment::framework_flag(std::string_view name) const {
  const Json* value = at("additional_framework_parameters").find(name);
  return value && value->is_truthy();
}

bool TrainingEnvironment::is_distributed() const {
  return python_in(text("current_instance_group"), at("distribution_instance_groups"));
}

Result<TrainingEnvironment> build_environment(const Configuration& configuration,
                                              const MachineFacts& machine,
                                              const Variables& variables, const BaseDirectory& at) {
  TrainingEnvironment out;
  const Hyperparameters split_up = split(configuration.hyperparameters, out.notes);
  out.notes.insert(out.notes.end(), machine.notes.begin(), machine.notes.end());
  const Cluster cluster = TRY(read_cluster(configuration.resources, split_up.framework));
  TRY(check_level_variable(variables));
  const Json level = split_up.own.get("sagemaker_container_log_level", Json::integer(20));
  out.log_level = TRY(level_number(level));
  out.launcher_variables = TRY(launcher_variables(split_up.own, cluster, variables));
  out.s3_output = split_up.own.get("sagemaker_s3_output");

  Json all = Json::object();
  add_cluster(all, cluster);
  add_paths(all, at, configuration.input_data);
  add_machine(all, machine);
  TRY(add_program(all, split_up.own, variables));
  const Json* directory = split_up.own.find("sagemaker_submit_directory");
  all.set("module_dir", Json::text(directory ? python_str(*directory) : from_system(at.code())));
  all.set("additional_framework_parameters", split_up.framework);
  all.set("framework_module", text_or_null(variables, "SAGEMAKER_TRAINING_MODULE"));
  all.set("hyperparameters", split_up.user);
  all.set("input_data_config", configuration.input_data);
  all.set("is_modelparallel_enabled", model_parallel(variables));
  all.set("job_name", text_or_null(variables, "TRAINING_JOB_NAME"));
  all.set("log_level", level);
  all.set("network_interface_name",
          configuration.resources.get("network_interface_name", Json::text("eth0")));
  all.set("resource_config", configuration.resources);
  all.set("topology", configuration.resources.get("topology", Json::list()));
  std::vector<Json::Member> sorted = all.members();
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  out.properties = Json::object(std::move(sorted));
  return out;
}

}  // namespace trainyard::toolkit
