#include "toolkit/environment.hpp"

#include <doctest/doctest.h>

using namespace trainyard;
using namespace trainyard::toolkit;

namespace {

Result<TrainingEnvironment>
environment(std::string_view hyperparameters, const Variables& variables = {},
            std::string_view resources = R"({"current_host": "algo-1", "hosts": ["algo-1"]})") {
  const Configuration configuration{*parse_json(hyperparameters),
                                    *parse_json(R"({"train": {}, "A": {}})"),
                                    *parse_json(resources)};
  return build_environment(configuration, MachineFacts{}, variables, BaseDirectory{});
}

std::string variable(const TrainingEnvironment& from, std::string_view name) {
  for (const auto& [key, value] : script_variables(from))
    if (key == name) return value;
  return "(none)";
}

}  // namespace

TEST_CASE("hyperparameters are decoded and parted by whom they are for") {
  const auto e = environment(R"({"lr": "0.10", "name": "adam", "sagemaker_program": "\"t.py\"",
                                 "sagemaker_x": "true", "_tuning_objective_metric": "m"})");
  CHECK(dump_json(e->at("hyperparameters")) == R"({"lr":0.1,"name":"adam"})");
  CHECK(dump_json(e->at("additional_framework_parameters")) == R"({"sagemaker_x":true})");
  CHECK(e->text("user_entry_point") == "t.py");
  CHECK(e->text("module_name") == "t");
}

TEST_CASE("arguments are sorted pairs, one dash for one letter") {
  const auto e = environment(R"({"z": "1", "lr": "1e-5", "flag": "true", "none": "null",
                                 "list": "[1, \"a\"]", "map": "{\"b\": 1, \"a\": [null]}",
                                 "\u00e9": ""})");
  CHECK(script_arguments(*e) == std::vector<std::string>{"--flag", "True", "--list", "[1, 'a']",
                                                         "--lr", "1e-05", "--map", "a=[None],b=1",
                                                         "--none", "", "-z", "1", "-\xc3\xa9", ""});
}

TEST_CASE("variables begin with SM_HOSTS and end with the hyperparameters") {
  const auto e = environment(R"({"a-b": "1", "A-B": "2"})");
  const auto all = script_variables(*e);
  CHECK(all.front().first == "SM_HOSTS");
  CHECK(all.back() == std::pair<std::string, std::string>{"SM_HP_A-B", "2"});
  CHECK(variable(*e, "SM_CHANNELS") == R"(["A","train"])");
  CHECK(variable(*e, "SM_CHANNEL_TRAIN") == "/opt/ml/input/data/train");
  CHECK(variable(*e, "SM_USER_ENTRY_POINT") == "");
  CHECK(variable(*e, "SM_MODULE_NAME") == "None");
  CHECK(variable(*e, "SM_TOPOLOGY") == "(none)");
}

TEST_CASE("the instance group decides who is distributed") {
  const std::string_view two =
      R"({"current_host": "b", "hosts": ["a", "b"], "current_group_name": "g2",
      "instance_groups": [{"instance_group_name": "g1", "hosts": ["a"]},
                          {"instance_group_name": "g2", "hosts": ["b"]}]})";
  const auto flagged = environment(R"({"sagemaker_torch_distributed_enabled": "true"})", {}, two);
  CHECK(flagged->is_distributed());
  CHECK(flagged->framework_flag("sagemaker_torch_distributed_enabled"));
  CHECK(flagged->text("master_hostname") == "b");
  const auto named =
      environment(R"({"sagemaker_distribution_instance_groups": "[\"g1\"]"})", {}, two);
  CHECK_FALSE(named->is_distributed());
  CHECK(named->text("master_hostname") == "a");
  CHECK_FALSE(environment("{}", {}, two)->is_distributed());
}

TEST_CASE("a variable names the program before a hyperparameter does") {
  const auto e =
      environment(R"({"sagemaker_program": "a.py"})", Variables({{"SAGEMAKER_PROGRAM", "b.py"}}));
  CHECK(e->text("user_entry_point") == "b.py");
  const auto empty =
      environment(R"({"sagemaker_program": "a.py"})", Variables({{"SAGEMAKER_PROGRAM", ""}}));
  CHECK(empty->text("user_entry_point") == "a.py");
  CHECK(empty->text("module_name") == "");
}

TEST_CASE("what cannot be meant is an error, not a crash") {
  for (const char* resources :
       {"{}", R"({"hosts": [], "current_host": "a"})", R"({"hosts": "a", "current_host": "a"})",
        R"({"hosts": [1], "current_host": "a"})", R"({"hosts": ["a"], "current_host": 1})",
        R"({"hosts": ["a"], "current_host": "a", "current_group_name": 1})",
        R"({"hosts": ["a"], "current_host": "a", "instance_groups": null})",
        R"({"hosts": ["a"], "current_host": "a", "instance_groups": [{"hosts": []}]})"})
    CHECK_MESSAGE(!environment("{}", {}, resources).has_value(), resources);
  for (const char* hyperparameters :
       {R"({"sagemaker_program": "3"})", R"({"sagemaker_container_log_level": "\"x\""})",
        R"({"sagemaker_job_name": "[]"})", R"({"sagemaker_region": "7"})"})
    CHECK_MESSAGE(!environment(hyperparameters).has_value(), hyperparameters);
}
