#include "cli/command_line.hpp"

#include "cli/connection.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

namespace trainyard::cli {
namespace {

int code_of(const Error& error) {
  if (error.code == "Usage" || error.code == "InvalidSettings") return usage;
  if (error.code == "NoService") return no_service_there;
  return refused;
}

int finish(const Result<int>& outcome) {
  if (outcome) return *outcome;
  std::fprintf(stderr, "trainyard: %s\n", outcome.error().message.c_str());
  return code_of(outcome.error());
}

struct ServeArguments {
  std::string listen, settings_file, account, region;
};

// The settings file, then what the command line says over it.
Result<Settings> settings_of(const ServeArguments& a) {
  Settings out;
  if (!a.settings_file.empty())
    out = TRY(parse_settings(TRY(os::read_file(a.settings_file)), a.settings_file));
  if (!a.listen.empty()) out.listen = a.listen;
  if (!a.account.empty()) out.account = a.account;
  if (!a.region.empty()) out.region = a.region;
  return out;
}

/// All commands and where their arguments go; run by the callback that CLI11 chose.
class CommandLine {
public:
  explicit CommandLine(const Faces& faces) : faces_(faces) {
    app_.require_subcommand(1);
    app_.set_help_flag("-h,--help", "print this help");
    app_.footer("Exit codes: 0 ok, 1 the job failed, 2 usage, 3 no service, 4 refused.\n"
                "A first run: trainyard serve &  then  trainyard run -- python launch.py");
    add_service_commands();
    add_client_commands();
    add_job_commands();
  }
  int parse(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      return e.get_exit_code() == 0 ? app_.exit(e) : (app_.exit(e), int(usage));
    }
    return finish(chosen_());
  }

private:
  CLI::App* add(const char* name, const char* help, std::function<Result<int>()> action) {
    CLI::App* command = app_.add_subcommand(name, help);
    command->add_option("--data", data_, "the service's data directory [TRAINYARD_DATA]");
    command->add_flag("--json", common_.json, "print JSON");
    command->callback([this, action = std::move(action)] {
      common_.data = data_.empty() ? default_data() : os::Path(data_);
      chosen_ = action;
    });
    return command;
  }
  CLI::App* add_named(const char* name, const char* help, std::function<Result<int>()> action) {
    CLI::App* command = add(name, help, std::move(action));
    command->add_option("NAME", name_, "the training job's name")->required();
    return command;
  }
  void add_service_commands();
  void add_client_commands();
  void add_job_commands();

  const Faces& faces_;
  CLI::App app_{"Trainyard runs SageMaker training jobs on machines you own.", "trainyard"};
  Common common_;
  std::string data_, name_;
  ServeArguments serve_;
  std::vector<std::string> words_;
  bool follow_ = false;
  int count_ = 20;
  std::function<Result<int>()> chosen_;
};

void CommandLine::add_service_commands() {
  CLI::App* serve = add("serve", "run the service", [this]() -> Result<int> {
    auto settings = TRY(settings_of(serve_));
    TRY(faces_.serve(common_.data, settings));
    return int(ok);
  });
  serve->add_option("--listen", serve_.listen, "HOST:PORT (default 127.0.0.1:8430)");
  serve->add_option("--settings", serve_.settings_file, "a TOML file; none is needed");
  serve->add_option("--account", serve_.account, "twelve digits (default 123456789012)");
  serve->add_option("--region", serve_.region, "default us-east-1; requests may name any");
  add("doctor", "what this machine can and cannot do, and the cure for each no",
      [this] { return faces_.doctor(common_.json); });
}

void CommandLine::add_client_commands() {
  CLI::App* run = add("run", "run a client command with endpoint, credentials and role in place",
                      [this] { return run_client(common_, words_); });
  run->add_option("CMD", words_, "the command, after --: trainyard run -- python launch.py")
      ->required();
  run->prefix_command();
  add("env", "print exports for a shell", [this] { return print_environment(common_); });
  add("login", "write an AWS profile and the SDK's settings for good",
      [this] { return log_in(common_); });
  CLI::App* envs =
      add("envs", "which Python environments stand for images",
          [this] {  // called after its subcommands: they leave no action of theirs
            return name_.empty() ? list_environments(common_) : explain_image(common_, name_);
          });
  envs->fallthrough();  // for --json behind a subcommand: those inherit it
  envs->add_subcommand("list", "the environments (the default)");
  CLI::App* why = envs->add_subcommand("why", "which one would run for an image URI, and why");
  why->add_option("URI", name_, "the image")->required();
}

void CommandLine::add_job_commands() {
  CLI::App* jobs = add("jobs", "the newest jobs", [this] { return list_jobs(common_, count_); });
  jobs->add_option("-n", count_, "how many (default 20, at most 100)")->check(CLI::Range(1, 100));
  add_named("describe", "a job: where it is, where its time went",
            [this] { return describe_job(common_, name_); });
  CLI::App* logs =
      add_named("logs", "a job's log", [this] { return show_logs(common_, name_, follow_); });
  logs->add_flag("-f,--follow", follow_, "go on until the job ends");
  add_named("stop", "ask a job to stop", [this] { return stop_job(common_, name_); });
  add_named("why", "one sentence: why it waits, where its time goes, why it failed",
            [this] { return explain_job(common_, name_); });
}

}  // namespace

int run(int argc, char** argv, const Faces& faces) {
  return CommandLine(faces).parse(argc, argv);
}

}  // namespace trainyard::cli
