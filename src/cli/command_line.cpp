#include "cli/command_line.hpp"

#include "base/closest.hpp"
#include "base/settings_values.hpp"
#include "cli/connection.hpp"
#include "cli/print.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace trainyard::cli {
namespace {

int code_of(const Error& error) {
  if (error.code == "Usage" || error.code == "InvalidSettings") return usage;
  if (error.code == "NoService") return no_service_there;
  return refused;
}

int complain(const std::string& message, int code) {
  std::fprintf(stderr, "trainyard: %s\n", message.c_str());
  return code;
}

int finish(const Result<int>& outcome) {
  if (!outcome) return complain(outcome.error().message, code_of(outcome.error()));
  // What was printed is there, or it is said: a full disk must not look like an answer.
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return *outcome;
  return complain(std::string("write the answer: ") + std::strerror(errno ? errno : EIO), refused);
}

struct ServeArguments {
  std::string listen, settings_file, account, region;
  bool tls = false;
};

Result<Settings> settings_in(const std::string& file, const InstanceTypeCheck& instance_type) {
  if (file.empty()) return Settings{};
  const auto text = os::read_file(file);
  if (!text) return fail(ErrorKind::invalid, "InvalidSettings", text.error().message);
  return parse_settings(*text, file, instance_type);
}

// What was given on the command line wins, and is held to the same rules.
Result<> take_option(const std::string& option, const std::string& given,
                     Result<std::string> (*rule)(std::string_view), std::string& out) {
  if (given.empty()) return {};
  auto value = rule(given);
  if (!value) return in_context(std::move(value.error()), option);
  out = std::move(*value);
  return {};
}

Result<Settings> settings_of(const ServeArguments& a, const InstanceTypeCheck& instance_type) {
  Settings out = TRY(settings_in(a.settings_file, instance_type));
  TRY(take_option("--listen", a.listen, read_address, out.listen));
  out.tls.is_on = out.tls.is_on || a.tls;
  TRY(take_option("--account", a.account, read_account, out.account));
  TRY(take_option("--region", a.region, read_region, out.region));
  return out;
}

// `trainyard run CMD...`: what follows the first word that is no option is the command's own, as
// if -- stood before it.
std::vector<std::string> with_separator(int argc, char** argv) {
  std::vector<std::string> out(argv + 1, argv + argc);
  if (out.empty() || out[0] != "run") return out;
  std::size_t i = 1;
  while (i < out.size() && out[i].starts_with('-') && out[i] != "--")
    i += out[i] == "--data" ? 2 : 1;
  if (i < out.size() && out[i] != "--") out.insert(out.begin() + std::ptrdiff_t(i), "--");
  return out;
}

/// All commands and where their arguments go; run by the callback that CLI11 chose.
class CommandLine {
public:
  explicit CommandLine(const Faces& faces) : faces_(faces) {
    app_.require_subcommand(1);
    app_.set_help_flag("-h,--help", "print this help");
    app_.set_version_flag("--version", "trainyard " + faces_.version, "print the version");
    app_.footer("Exit codes: 0 ok, 1 the job failed, 2 usage, 3 no service, 4 refused.\n"
                "A first run: trainyard serve &  then  trainyard run -- python launch.py");
    add_service_commands();
    add_client_commands();
    add_job_commands();
    add_file_commands();
    add_disk_commands();
  }
  int parse(int argc, char** argv) {
    auto words = with_separator(argc, argv);
    if (const auto wrong = unknown(words); !wrong.empty()) return complain(wrong, usage);
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    try {
      app_.parse(std::move(words));
    } catch (const CLI::ParseError& e) {
      return e.get_exit_code() == 0 ? app_.exit(e) : (app_.exit(e), int(usage));
    }
    return finish(chosen_());
  }

private:
  CLI::App* add(const char* name, const char* help, std::function<Result<int>()> action) {
    CLI::App* command = app_.add_subcommand(name, help);
    command->add_option("--data", data_, "the service's data directory [TRAINYARD_DATA]");
    if (command->get_name() != "run")  // what that prints is its command's
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
  CLI::App* add_group(const char* name, const char* help, std::function<Result<int>()> action);
  CLI::App* add_to(CLI::App* group, const char* name, const char* help,
                   std::function<Result<int>()> action);
  std::string unknown(const std::vector<std::string>& words) const;
  void add_service_commands();
  void add_client_commands();
  void add_environment_commands();
  void add_user_commands();
  void add_job_commands();
  void add_file_commands();
  void add_disk_commands();

  const Faces& faces_;
  CLI::App app_{"Trainyard runs SageMaker training jobs on machines you own.", "trainyard"};
  Common common_;
  std::string data_, name_, to_;
  ServeArguments serve_;
  std::vector<std::string> words_;
  NewEnvironment wish_;
  EventsWish events_;
  bool follow_ = false, waiting_ = false;
  int count_ = 20, priority_ = 0;
  Login login_;
  std::string older_ = "30d", unused_ = "1h";
  bool dry_run_ = false, admin_ = false;
  std::function<Result<int>()> chosen_, within_;
};

// What to say of a first word that is no command, or "".
std::string CommandLine::unknown(const std::vector<std::string>& words) const {
  if (words.empty() || words[0].starts_with('-')) return "";
  std::vector<std::string> names;
  for (const CLI::App* command : app_.get_subcommands({}))
    names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), words[0]) != names.end()) return "";
  if (words[0].ends_with(".py")) return python_advice(words);
  const std::vector<std::string_view> views(names.begin(), names.end());
  return fmt::format("'{}' is no command; did you mean '{}'? trainyard --help lists them", words[0],
                     closest(words[0], views));
}

void CommandLine::add_service_commands() {
  CLI::App* serve = add("serve", "run the service", [this]() -> Result<int> {
    auto settings = TRY(settings_of(serve_, faces_.instance_type));
    TRY(faces_.serve(common_.data, settings, common_.json));
    return int(ok);
  });
  serve->add_option("--listen", serve_.listen, "HOST:PORT (default 127.0.0.1:8430)");
  serve->add_flag("--tls", serve_.tls, "speak TLS, as other addresses than 127.* need");
  serve->add_option("--settings", serve_.settings_file, "a TOML file; none is needed");
  serve->add_option("--account", serve_.account, "twelve digits (default 123456789012)");
  serve->add_option("--region", serve_.region, "default us-east-1; requests may name any");
  CLI::App* doctor = add("doctor", "what this machine can and cannot do, and the cure for each no",
                         [this]() -> Result<int> {
                           const auto settings =
                               TRY(settings_in(serve_.settings_file, faces_.instance_type));
                           return faces_.doctor(common_.data, settings, common_.json);
                         });
  doctor->add_option("--settings", serve_.settings_file, "the service's TOML file, if it has one");
}

void CommandLine::add_disk_commands() {
  add("disk", "what takes how much of the service's directory",
      [this] { return show_disk(common_); });
  CLI::App* command =
      add("prune", "remove logs of ended jobs, and caches, that are old", [this]() -> Result<int> {
        const auto age = TRY(parse_age(older_));
        return prune(common_, {age.count(), dry_run_, false});
      });
  command->add_option("--older", older_, "what was not used for so long: 30d (the default), 12h");
  command->add_flag("--dry-run", dry_run_, "only tell what would go");
  CLI::App* cache = add_group("cache", "what jobs share: snapshots, packages, fetched contents",
                              [this] { return show_caches(common_); });
  cache->add_subcommand("list", "what they take (the default)");
  CLI::App* clear =
      add_to(cache, "clear", "remove of them what no job uses", [this]() -> Result<int> {
        const auto age = TRY(parse_age(unused_));
        return prune(common_, {age.count(), dry_run_, true});
      });
  clear->add_option("--older", unused_, "what was not used for so long: 1h (the default), 30d");
  clear->add_flag("--dry-run", dry_run_, "only tell what would go");
}

void CommandLine::add_client_commands() {
  CLI::App* run = add("run", "run a client command with endpoint, credentials and role in place",
                      [this] { return run_client(common_, words_); });
  run->add_option("CMD", words_, "the command, after --: trainyard run -- python launch.py")
      ->required();
  add("env", "print exports for a shell", [this] { return print_environment(common_); });
  CLI::App* login = add("login", "write an AWS profile and the SDK's settings for good",
                        [this] { return log_in(common_, login_); });
  login->add_option("URL", login_.url, "of a service elsewhere: https://HOST:8430");
  login->add_option(
      "--fingerprint", login_.fingerprint,
      "of its authority, as its `trainyard serve` printed it; asked for if not given");
  login->add_option("--key-id", login_.key_id, "your access key's id; asked for if not given");
  login->add_option("--secret-file", login_.secret_file,
                    "a file with its secret; asked for if not given");
  login->add_option("--region", login_.region, "default us-east-1");
  add_environment_commands();
  add_user_commands();
}

// A command with commands of its own, and what it does without one.
CLI::App* CommandLine::add_group(const char* name, const char* help,
                                 std::function<Result<int>()> action) {
  // Called after its subcommands, which tell by `within_` what it is to be.
  CLI::App* group = add(
      name, help, [this, action = std::move(action)] { return within_ ? within_() : action(); });
  group->fallthrough();  // for --json behind a subcommand: those inherit it
  return group;
}

CLI::App* CommandLine::add_to(CLI::App* group, const char* name, const char* help,
                              std::function<Result<int>()> action) {
  CLI::App* command = group->add_subcommand(name, help);
  command->callback([this, action = std::move(action)] { within_ = action; });
  return command;
}

void CommandLine::add_environment_commands() {
  CLI::App* envs = add_group("envs", "the Python environments that stand for images",
                             [this] { return list_environments(common_); });
  envs->add_subcommand("list", "the environments (the default)");
  add_to(envs, "why", "which one would run for an image URI, and why",
         [this] { return explain_image(common_, name_); })
      ->add_option("URI", name_, "the image")
      ->required();
  CLI::App* add =
      add_to(envs, "add", "add one, for [[images]] rules and for images that it fits best",
             [this] { return add_environment(common_, wish_); });
  add->add_option("NAME", wish_.name, "what it is to be called")->required();
  CLI::Option_group* what = add->add_option_group("what it is");
  what->add_option("--python", wish_.python,
                   "a virtual environment's directory, or an interpreter");
  what->add_option("--requirements", wish_.requirements,
                   "a requirements.txt: an environment is made of it, by uv or pip");
  what->add_option("--root", wish_.root,
                   "a directory with a whole Linux root, as a container's exported file system");
  what->require_option(1);
  add_to(envs, "remove", "remove one that was added",
         [this] { return remove_environment(common_, name_); })
      ->add_option("NAME", name_, "its name")
      ->required();
}

void CommandLine::add_user_commands() {
  CLI::App* users =
      add_group("users", "who may use the service", [this] { return list_users(common_); });
  users->add_subcommand("list", "who there is, and who is an admin (the default)");
  CLI::App* add = add_to(users, "add", "add one; their key is shown this once (for admins)",
                         [this] { return add_user(common_, name_, admin_); });
  add->add_option("NAME", name_, "who; a revoked one comes back with a new key")->required();
  add->add_flag("--admin", admin_, "may stop and change all jobs, and add and revoke users");
  add_to(users, "revoke", "end their keys at once; their jobs go on (for admins)",
         [this] { return revoke_user(common_, name_); })
      ->add_option("NAME", name_, "who")
      ->required();
}

void CommandLine::add_job_commands() {
  CLI::App* jobs = add("jobs", "the newest jobs", [this] {
    return waiting_ ? list_waiting(common_, count_) : list_jobs(common_, count_);
  });
  jobs->add_option("-n", count_, "how many (default 20, at most 100)")->check(CLI::Range(1, 100));
  jobs->add_flag("--waiting", waiting_, "those that wait, the next first, and why each does");
  add_named("describe", "a job: where it is, where its time went",
            [this] { return describe_job(common_, name_); });
  CLI::App* logs =
      add_named("logs", "a job's log", [this] { return show_logs(common_, name_, follow_); });
  logs->add_flag("-f,--follow", follow_, "go on until the job ends");
  CLI::App* events = add("events", "what happened to jobs: each change of a status, each alarm",
                         [this] { return show_events(common_, events_); });
  events->add_option("-n", events_.count, "the last ones (default 20, at most 100)")
      ->check(CLI::Range(1, 100));
  events->add_option("--job", events_.job, "of this job alone");
  events->add_flag("-f,--follow", events_.follow, "go on: until the job ends, if there is one");
  add_named("interrupt", "take a spot job's machine from it, as a drill: it goes on later",
            [this] { return interrupt_job(common_, name_); });
  add_named("priority", "a job's place in the queue: the higher the earlier, 0 unless told",
            [this] { return set_priority(common_, name_, priority_); })
      ->add_option("N", priority_, "from -1000 to 1000")
      ->required()
      ->check(CLI::Range(-1000, 1000));
  add_named("stop", "ask a job to stop", [this] { return stop_job(common_, name_); });
  add_named("why", "one sentence: why it waits, where its time goes, why it failed",
            [this] { return explain_job(common_, name_); });
}

// A job's files.
void CommandLine::add_file_commands() {
  CLI::App* command = add("cp", "copy files of a job that runs, or whose outputs were not stored",
                          [this] { return copy_files(common_, name_, to_, faces_.copy_out); });
  command->add_option("NAME:PATH", name_, "NAME:/opt/ml/model, NAME:/opt/ml/checkpoints/1.pt")
      ->required();
  command->add_option("TO", to_, "where to; in it, if it is a directory")->required();
}

}  // namespace

int run(int argc, char** argv, const Faces& faces) {
  return CommandLine(faces).parse(argc, argv);
}

}  // namespace trainyard::cli
