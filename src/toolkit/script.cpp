#include "toolkit/script.hpp"

#include "toolkit/child.hpp"
#include "toolkit/dependencies.hpp"
#include "toolkit/entry_point.hpp"
#include "toolkit/failure.hpp"
#include "toolkit/host_wait.hpp"
#include "toolkit/mpi.hpp"
#include "toolkit/python_interpreter.hpp"
#include "toolkit/python_text.hpp"
#include "toolkit/source_code.hpp"
#include "toolkit/torchrun.hpp"

namespace trainyard::toolkit {
namespace {

constexpr std::size_t variable_bytes_max = (128 << 10) - 1;  // of "NAME=value": the kernel's limit

// What Python would have as sys.path: the code first, so that its modules are found from anywhere.
std::string python_path(const std::string& code, const Variables& variables) {
  const std::string before = variables.get_or("PYTHONPATH", "");
  if (before.empty()) return code;
  return before.starts_with(code + ":") || before == code ? before : code + ":" + before;
}

// Sets the variables; one too large for the kernel is left out, or nothing could be started at all.
Result<> export_variables(const NamedTexts& named, Variables& variables, const LogLines& log) {
  for (const auto& [name, value] : named) {
    if (name.find('=') != name.npos)
      return fail(ErrorKind::invalid, "ValueError",
                  "illegal environment variable name " + python_repr(std::string_view(name)) +
                      ": rename the channel");
    auto key = to_system(name), bytes = to_system(value);
    if (!key || !bytes)
      return in_context(!key ? key.error() : bytes.error(),
                        "set variable " + python_repr(std::string_view(name)));
    if (key->size() + 1 + bytes->size() > variable_bytes_max)
      log.warning("Leaving out variable " + name + ": its " + std::to_string(bytes->size()) +
                  " bytes are more than the kernel takes (128 KiB)");
    else
      variables.set(*key, std::move(*bytes));
  }
  return {};
}

// One record, laid out as filters and people know it.
void log_invocation(const Training& training, const NamedTexts& named,
                    const std::vector<std::string>& command) {
  std::string text = "Invoking user script\n\nTraining Env:\n\n" +
                     dump_json_indented(training.environment.properties) +
                     "\n\nEnvironment variables:\n\n",
              between;
  for (const auto& [name, value] : named) {
    text += between + name + "=" + value;
    between = "\n";
  }
  text += "\n\nInvoking script with the following command:\n\n";
  between.clear();
  for (const std::string& word : command) {
    text += between + from_system(word);
    between = " ";
  }
  training.log.info(text + "\n\n");
}

// The command that starts the script, by itself or by what the job asks for.
Result<Command> command_of(Training& training, EntryPointKind kind, const std::string& python,
                           const NamedTexts& named, Launcher launcher) {
  const TrainingEnvironment& environment = training.environment;
  if (launcher == Launcher::torchrun)
    return torchrun_command(environment, kind, python, training.variables, training.log);
  Command out;
  out.argv = TRY(entry_point_command(kind, environment.text("user_entry_point"), python,
                                     script_arguments(environment)));
  if (launcher == Launcher::none) return out;
  std::vector<std::string> names;
  for (const auto& [name, value] : named)
    names.push_back(name);
  return mpi_command(environment, kind, std::move(out.argv), names, training.variables,
                     training.log);
}

}  // namespace

bool skips_host_wait(const Variables& variables) {
  std::string value = variables.get_or("SM_STUDIO_LOCAL_MODE", "");
  for (char& c : value)
    if (c >= 'A' && c <= 'Z') c = char(c - 'A' + 'a');
  return value == "true";
}

Result<> run_script(Training& training, bool captured, Launcher launcher) {
  const TrainingEnvironment& environment = training.environment;
  Variables& variables = training.variables;
  const std::string code = training.at.code();
  TRY(bring_source_code(TRY(to_system(environment.text("module_dir"))), code, variables,
                        training.clock, training.log));

  const std::string& name = environment.text("user_entry_point");
  TRY(check_entry_point_name(name));
  const EntryPointKind kind = kind_of_entry_point(name, code);
  const bool is_command = kind == EntryPointKind::command;
  const std::string python = is_command ? "" : TRY(find_python(variables));
  TRY(install_dependencies({kind, code, python, captured}, variables, training.signals,
                           training.log));
  if (is_command) TRY(make_executable(name, code));

  TRY(check_hyperparameters(environment));
  NamedTexts named = script_variables(environment);
  named.emplace_back("PYTHONPATH", from_system(python_path(code, variables)));
  TRY(export_variables(named, variables, training.log));
  if (skips_host_wait(variables))
    training.log.info("Bypass DNS check in case of Studio Local Mode execution.",
                      LogLines::entry_point);
  else
    TRY(wait_for_hosts(environment.at("hosts"), training.clock));

  Command command = TRY(command_of(training, kind, python, named, launcher));
  command.directory = code;
  command.captured = captured;
  log_invocation(training, named, command.argv);
  return check_command(command, variables, training.signals, script_error);
}

}  // namespace trainyard::toolkit
