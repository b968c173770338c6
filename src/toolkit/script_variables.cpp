// The second half of environment.hpp: from properties to variables and arguments.

#include "toolkit/environment.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/python_text.hpp"

#include <algorithm>

namespace trainyard::toolkit {
namespace {

constexpr std::size_t argument_bytes_max = (128 << 10) - 1;  // the kernel's MAX_ARG_STRLEN

// Variable -> property, in the contract's order. Those of another name or none are computed.
struct Row {
  const char* variable;
  const char* property;
};
constexpr Row rows[] = {
    {"hosts", "hosts"},
    {"network_interface_name", "network_interface_name"},
    {"hps", "hyperparameters"},
    {"user_entry_point", "user_entry_point"},
    {"framework_params", "additional_framework_parameters"},
    {"resource_config", "resource_config"},
    {"input_data_config", "input_data_config"},
    {"output_data_dir", "output_data_dir"},
    {"channels", nullptr},
    {"current_host", "current_host"},
    {"current_instance_type", "current_instance_type"},
    {"current_instance_group", "current_instance_group"},
    {"current_instance_group_hosts", "current_instance_group_hosts"},
    {"instance_groups", "instance_groups"},
    {"instance_groups_dict", "instance_groups_dict"},
    {"distribution_instance_groups", "distribution_instance_groups"},
    {"is_hetero", "is_hetero"},
    {"module_name", "module_name"},
    {"log_level", "log_level"},
    {"framework_module", "framework_module"},
    {"input_dir", "input_dir"},
    {"input_config_dir", "input_config_dir"},
    {"output_dir", "output_dir"},
    {"num_cpus", "num_cpus"},
    {"num_gpus", "num_gpus"},
    {"num_neurons", "num_neurons"},
    {"model_dir", "model_dir"},
    {"module_dir", "module_dir"},
    {"training_env", nullptr},
    {"user_args", nullptr},
    {"output_intermediate_dir", "output_intermediate_dir"},
};

std::string as_variable(const Json& value) {
  if (value.is_null()) return "";
  return value.is_text() ? value.characters() : dump_json(value);
}

std::string argument_name(const std::string& name) {
  if (name.empty()) return "";
  return (count_code_points(name) > 1 ? "--" : "-") + name;
}

std::string argument_value(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_object()) return python_str(value);
  auto members = value.members();
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [name, member] : members)
    out += (out.empty() ? "" : ",") + name + "=" + python_str(member);
  return out;
}

Json computed(const TrainingEnvironment& environment, std::string_view variable) {
  if (variable == "training_env") return environment.properties;
  if (variable == "user_args") return Json::texts(script_arguments(environment));
  std::vector<std::string> channels;
  for (const auto& [name, path] : environment.at("channel_input_dirs").members())
    channels.push_back(name);
  std::sort(channels.begin(), channels.end());
  return Json::texts(channels);
}

// Sets a variable: one of the same name gets the new value in its old place.
class Assembly {
public:
  void set(std::string_view name, const Json& value) {
    const std::string variable = "SM_" + python_upper(name);
    for (auto& [key, old] : out_)
      if (key == variable) {
        old = as_variable(value);
        return;
      }
    out_.emplace_back(variable, as_variable(value));
  }
  NamedTexts take() { return std::move(out_); }

private:
  NamedTexts out_;
};

}  // namespace

std::vector<std::string> script_arguments(const TrainingEnvironment& environment) {
  auto members = environment.at("hyperparameters").members();
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (const auto& [name, value] : members) {
    out.push_back(argument_name(name));
    out.push_back(argument_value(value));
  }
  return out;
}

Result<> check_hyperparameters(const TrainingEnvironment& environment) {
  for (const auto& [name, value] : environment.at("hyperparameters").members()) {
    const std::string which = "the hyperparameter " + python_repr(std::string_view(name));
    if (name.find('=') != name.npos)
      return fail(ErrorKind::invalid, "ValueError",
                  which + " has a '=' in its name, and no variable's name can have one: rename it");
    if (const auto bytes = to_system(name); !bytes)
      return in_context(bytes.error(), "the name of " + which);
    if (const auto variable = to_system(as_variable(value)); !variable)
      return in_context(variable.error(), "the value of " + which);
    const auto argument = to_system(argument_value(value));
    if (!argument) return in_context(argument.error(), "the value of " + which);
    if (argument->size() > argument_bytes_max)
      return too_big(which + " makes an argument of " + std::to_string(argument->size()) +
                     " bytes, more than the kernel takes (128 KiB): put large values in a channel");
  }
  return {};
}

NamedTexts script_variables(const TrainingEnvironment& environment) {
  Assembly out;
  for (const Row& row : rows)
    out.set(row.variable,
            row.property ? environment.at(row.property) : computed(environment, row.variable));
  if (environment.at("topology").is_truthy()) out.set("topology", environment.at("topology"));
  for (const auto& [name, path] : environment.at("channel_input_dirs").members())
    out.set("channel_" + name, path);
  for (const auto& [name, value] : environment.at("hyperparameters").members())
    out.set("hp_" + name, value);
  return out.take();
}

}  // namespace trainyard::toolkit
