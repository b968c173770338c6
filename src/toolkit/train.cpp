#include "toolkit/train.hpp"

#include "os/files.hpp"
#include "toolkit/child.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/framework_module.hpp"
#include "toolkit/mpi.hpp"
#include "toolkit/python_text.hpp"
#include "toolkit/pytorch.hpp"
#include "toolkit/torchrun.hpp"

#include <array>
#include <string_view>
#include <unistd.h>

namespace trainyard::toolkit {
namespace {

struct Asked {
  std::string_view flag;
  Launcher launcher;
  const char* refused = nullptr;  // the name of one that is not started
};
// What a framework starts instead of the plain script, in the order in which it looks.
constexpr std::array<Asked, 5> pytorch_launchers = {
    {{mpi_flag, Launcher::mpi},
     {"sagemaker_pytorch_ddp_enabled", Launcher::none, "SageMaker's data parallel library"},
     {torchrun_flag, Launcher::torchrun},
     {"sagemaker_distributed_dataparallel_enabled", Launcher::none,
      "SageMaker's data parallel library"},
     {"sagemaker_pytorch_xla_multi_worker_enabled", Launcher::none, "PyTorch/XLA"}}};

// A job that asks for a launcher is never run as something else.
Result<Launcher> launcher_of(const TrainingEnvironment& environment, std::span<const Asked> known) {
  if (!environment.is_distributed()) return Launcher::none;
  for (const auto& [flag, launcher, refused] : known) {
    if (!environment.framework_flag(flag)) continue;
    if (!refused) return launcher;
    return refuse(std::string("This job asks for ") + refused + " (hyperparameter " +
                  std::string(flag) +
                  "), which Trainyard does not start; leave `distribution` out of the estimator "
                  "to run the script as one process on each host.");
  }
  return Launcher::none;
}

// sagemaker_s3_output asks for output/intermediate to be copied to S3 while the job runs; the agent
// does that.
Result<> prepare_intermediate(const Training& training) {
  const Json& output = training.environment.s3_output;
  const std::string directory = training.at.intermediate();
  if (!output.is_truthy() || ::access(directory.c_str(), F_OK) == 0) return {};
  TRY(os::make_directories(directory, 0777));
  const std::string uri = python_str(output);
  if (uri.starts_with("file:")) return {};
  if (!uri.starts_with("s3:"))
    return fail(ErrorKind::invalid, "ValueError",
                "Expecting 's3' scheme in sagemaker_s3_output, "
                "got: " +
                    uri);
  return {};
}

Result<> run_module(Training& training) {
  const std::string& module = training.environment.text("framework_module");
  if (module.empty()) {
    const auto generic = std::span(pytorch_launchers).first(1);
    return run_script(training, false, TRY(launcher_of(training.environment, generic)));
  }
  if (module != pytorch_module) return hand_over(training, module);
  training.log.info("Imported framework " + module.substr(0, module.find(':')));
  return run_pytorch(training, TRY(launcher_of(training.environment, pytorch_launchers)));
}

Result<> run(const BaseDirectory& at, Variables& variables, SignalForwarding& signals,
             LogLines& log, const Clock& clock) {
  const Configuration configuration = TRY(read_configuration(at));
  const MachineFacts machine = TRY(look_at_machine(variables, TRY(configuration.instance_type())));
  const TrainingEnvironment environment =
      TRY(build_environment(configuration, machine, variables, at));
  for (const auto& [name, value] : environment.launcher_variables)
    variables.set(name, TRY(to_system(value)));
  log.configure(environment.log_level);
  for (const std::string& note : environment.notes)
    log.info(note);
  Training training{at, variables, environment, signals, log, clock};
  TRY(prepare_intermediate(training));
  return run_module(training);
}

// Says how it went where people and the platform look; the exit code.
int report(const Result<>& ended, const BaseDirectory& at, const LogLines& log) {
  if (ended) {
    const auto written = write_success(at);
    if (!written) return report(Failure(written.error()), at, log);
    log.info("Reporting training SUCCESS");
    return 0;
  }
  const Verdict verdict = verdict_on(ended.error());
  // A disk that is full must not turn a failure into a success: the exit code stands.
  if (const auto written = write_failure(at, verdict.text, log); !written)
    log.error(written.error().message);
  log.error("Reporting training FAILURE");
  log.error(verdict.text);
  log.error("Encountered exit_code " + std::to_string(verdict.exit_code));
  return verdict.exit_code;
}

}  // namespace

int train(Variables variables, const Clock& clock) {
  LogLines log(clock);
  SignalForwarding signals;
  if (const auto adopted = adopt_orphans(); !adopted) log.warning(adopted.error().message);
  const auto at = find_base_directory(variables, clock);
  if (!at) return report(Failure(at.error()), BaseDirectory(), log);
  return report(run(*at, variables, signals, log, clock), *at, log);
}

}  // namespace trainyard::toolkit
