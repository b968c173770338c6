#pragma once
/// The training environment: what the three configuration files, the variables and the machine say,
/// put together as a script gets to see it.
///
/// Source: sagemaker-training 5.1.4's Environment, whose properties are the JSON in SM_TRAINING_ENV
/// and whose variables and arguments these are. Everything after read_configuration() is pure.

#include "base/result.hpp"
#include "toolkit/base_directory.hpp"
#include "toolkit/json.hpp"
#include "toolkit/machine.hpp"
#include "toolkit/variables.hpp"

#include <string>
#include <utility>
#include <vector>

namespace trainyard::toolkit {

/// input/config/*.json as read; each is an object.
struct Configuration {
  Json hyperparameters, input_data, resources;
  /// current_instance_type, "local" where none is given.
  Result<std::string> instance_type() const;
};
Result<Configuration> read_configuration(const BaseDirectory& at);

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

struct TrainingEnvironment {
  Json properties;                ///< the object of SM_TRAINING_ENV, names sorted
  NamedTexts launcher_variables;  ///< CURRENT_HOST and others that pip and the script inherit
  Json s3_output;                 ///< sagemaker_s3_output
  long long log_level = 20;
  std::vector<std::string> notes;  ///< lines for the log

  const Json& at(std::string_view property) const;
  /// A property that is a text; "" for null.
  const std::string& text(std::string_view property) const { return at(property).characters(); }
  /// Whether hyperparameter sagemaker_... is there and true in Python's sense.
  bool framework_flag(std::string_view name) const;
  /// Whether this host is one of those that a launcher was asked for.
  bool is_distributed() const;
};

Result<TrainingEnvironment> build_environment(const Configuration& configuration,
                                              const MachineFacts& machine,
                                              const Variables& variables, const BaseDirectory& at);

/// The hyperparameters as a command line: sorted, "--name value", "-n value" for one letter.
std::vector<std::string> script_arguments(const TrainingEnvironment& environment);

/// Names the hyperparameter that can be no variable and argument (a '=' in its name, a NUL or a
/// lone surrogate in either, 128 KiB), and says why.
Result<> check_hyperparameters(const TrainingEnvironment& environment);

/// SM_HOSTS to SM_HP_*, in the contract's order, as text.
NamedTexts script_variables(const TrainingEnvironment& environment);

}  // namespace trainyard::toolkit
