#include "agent/agent.hpp"

#include "agent/channels/pipe_channel.hpp"
#include "agent/channels/sequence_index.hpp"
#include "agent/container.hpp"
#include "agent/door.hpp"
#include "agent/endpoint.hpp"
#include "agent/fetched.hpp"
#include "agent/gpus.hpp"
#include "agent/live_sync.hpp"
#include "agent/ml_tree.hpp"
#include "agent/outcome.hpp"
#include "agent/outputs.hpp"
#include "agent/owned_tree.hpp"
#include "agent/packages.hpp"
#include "agent/reports.hpp"
#include "agent/service_link.hpp"
#include "agent/watch/log_keeper.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "os/accounts.hpp"
#include "os/as_user.hpp"
#include "os/event.hpp"
#include "s3/retry.hpp"
#include "wire/instance/environment.hpp"
#include "wire/instance/lock.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <sys/sysinfo.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace trainyard::agent {
namespace {

constexpr std::uint16_t isolated_door_port = 8430;  // alone in its namespace: always free
constexpr Millis last_report_grace{10'000};
constexpr Millis kill_again_after{1000};

std::uint64_t memory_of_machine() {
  struct sysinfo info{};
  ::sysinfo(&info);
  return std::uint64_t(info.totalram) * info.mem_unit;
}

// Where links lead; the path itself where they lead nowhere.
os::Path real_path(const os::Path& path) {
  std::error_code ec;
  const os::Path real = std::filesystem::canonical(path, ec);
  return ec ? path : real;
}

/// One instance from its first to its last report. Single-threaded but for the log, the door and
/// the one blocking task at a time; everything waits in wait_for().
class Instance {
public:
  Instance(wire::InstanceSpec spec, InstancePaths paths, os::Path toolkit, Runtime& runtime,
           const MakeRuntime& make_runtime, const Clock& clock, ReportLog reports)
      : spec_(std::move(spec)), paths_(std::move(paths)), toolkit_(std::move(toolkit)),
        runtime_(runtime), make_runtime_(make_runtime), clock_(clock), reports_(std::move(reports)),
        link_(spec_, reports_, clock) {}

  Result<> live();

private:
  Result<> run();
  Result<> prepare();
  Result<> restore();
  Result<> fetch();
  void settle_what_was_fetched();
  Result<> note_what_is_closed();
  Result<> open_pipes();
  Result<> take_gpus();
  Result<std::vector<wire::SequenceUnit>> take_sequence(const wire::ChannelSpec& channel);
  Result<> serve_fast_files();
  Result<> train();
  Result<> follow_to_the_end();
  Result<> store();
  std::string keep_files();
  Result<> end_unstarted(const Error& why);
  Result<> give_up(const Error& why);
  Result<> finish(const std::string& failure, const std::string& model_uri);
  Result<> part();

  // Pumps the link until `fd` is readable or the deadline (boot time) is past; true for the fd.
  // Commands are acted on as they come, and may bring the deadline nearer.
  using Deadline = std::function<std::optional<Millis>()>;
  bool wait_for(int fd, const Deadline& deadline);
  Result<> kill();
  Result<> run_blocking(const std::function<Result<>()>& task);
  void obey(const wire::Command& command);
  void ask_to_end(const char* cause);
  Result<> report(wire::Report r);
  void tell(wire::Report r);
  Result<std::uint16_t> open_door_listener();

  wire::InstanceSpec spec_;
  InstancePaths paths_;
  os::Path toolkit_;
  Runtime& runtime_;
  const MakeRuntime& make_runtime_;
  const Clock& clock_;
  ReportLog reports_;
  ServiceLink link_;
  std::unique_ptr<LogKeeper> log_;
  os::Fd door_listener_;
  std::unique_ptr<Door> door_;
  std::unique_ptr<Packages> packages_;
  HeldGpus gpus_{spec_, clock_};
  std::optional<Running> running_;
  std::optional<Millis> kill_at_;  // boot time; set once it was asked to end
  std::string cause_;              // why it was asked to end
  bool fenced_ = false;
  os::Event told_to_end_, told_off_;  // for the worker: a stop or a fence came, a fence came
  os::Event channel_failed_;
  std::mutex channel_mutex_;
  std::optional<Error> channel_error_;  // guarded: of the first channel that failed
  std::unique_ptr<LiveSync> sync_;
  FetchProgress progress_;
  std::unique_ptr<Fetcher> fetcher_;
  Fetched fetched_;                                  // after what its files ask
  std::jthread settling_;                            // works on the fetcher's cache
  std::vector<std::unique_ptr<PipeChannel>> pipes_;  // after what their threads tell, and ask
  Outcome outcome_;
};

Result<> Instance::live() {
  Result<> lived = run();
  if (lived) return lived;
  if (fenced_) return runtime_.destroy(spec_.Id, paths_.scratch());
  if (reports_.has("Finished")) return lived;
  return give_up(lived.error());
}

Result<> Instance::run() {
  const Result<> prepared = prepare();
  if (fenced_) return runtime_.destroy(spec_.Id, paths_.scratch());
  if (!prepared) return end_unstarted(prepared.error());
  TRY(train());
  if (fenced_) return runtime_.destroy(spec_.Id, paths_.scratch());
  TRY(store());
  return part();
}

// Nothing of the user's ran: what kept it from running is told, a stop is not a failure. Nothing is
// uploaded: what was restored by then may be half a file.
Result<> Instance::end_unstarted(const Error& why) {
  const bool was_stopped = why.code == s3::stopped_code && !cause_.empty();
  if (!was_stopped) {
    outcome_.failure = setup_failure(why);
    if (log_) (void)log_->note(outcome_.failure);
  }
  TRY(os::write_durably(paths_.exit_record(),
                        wire::encode(wire::ExitRecord{outcome_.failure, cause_, 0, 0})));
  TRY(report({0, "Exited", {}, cause_, outcome_.failure, "", ""}));
  TRY(finish(outcome_.failure, ""));
  TRY(part());
  return was_stopped ? Result<>() : Failure(why);
}

// Something failed that is not the job's. Nothing of the job lives on, and whoever can still be
// told is: the log, report.log, the service.
Result<> Instance::give_up(const Error& why) {
  if (fetcher_) fetcher_->stop();
  for (const auto& [channel, files] : fetched_.fast_files)
    files->stop();
  door_.reset();
  if (const auto gone = runtime_.destroy(spec_.Id, paths_.scratch()); !gone)
    log::error("the sandbox is not gone", {{"error", gone.error().message}});
  const std::string failure = agent_failure(why) + (running_ ? keep_files() : "");
  if (log_) {
    (void)log_->finish();
    (void)log_->note(failure);
  }
  const bool has_exited = reports_.has("Exited");
  if (!has_exited)
    (void)os::write_durably(paths_.exit_record(),
                            wire::encode(wire::ExitRecord{failure, cause_, 0, 0}));
  if (!reports_.has("Finished")) {
    if (!has_exited) tell({0, "Exited", {}, cause_, failure, "", ""});
    tell({0, "Finished", {}, "", failure, "", ""});
  }
  (void)part();
  return Failure(why);
}

// Everything up to the moment before the user's first instruction.
Result<> Instance::prepare() {
  for (os::Event* event : {&told_to_end_, &told_off_, &channel_failed_})
    *event = TRY(os::Event::make());
  log_ = TRY(LogKeeper::open(spec_.LogDirectory, std::uint64_t(spec_.LogBytesMax), clock_));
  for (const auto& notice : spec_.Notices)
    TRY(log_->note(notice));
  if (spec_.Limits.MemoryBytes > 0 && !runtime_.describe().limits_memory)
    TRY(log_->note("no memory limit: this service may make no control groups (trainyard doctor "
                   "says how)"));
  const auto& [name, python, mounts, root] = spec_.Environment;
  TRY(wire::check_environment(spec_.Environment, real_path(root.empty() ? python : root),
                              os::own_home()));
  MachineFacts facts{memory_of_machine(), 0, toolkit_, "lo"};
  facts.door_port = TRY(open_door_listener());
  TRY(os::make_directories(paths_.kept()));  // a full disk has no room for it later
  TRY(lay_out(spec_, paths_, facts.network_interface));
  TRY(restore());
  TRY(fetch());
  TRY(note_what_is_closed());
  TRY(open_pipes());
  TRY(take_gpus());
  facts.driver_files = driver_files(spec_, os::Nvml().file());
  if (!spec_.Packages.Root.empty())
    packages_ = TRY(Packages::open(spec_, paths_, facts, make_runtime_, clock_));
  std::map<std::string, int> trees;
  for (const auto& [channel, files] : fetched_.fast_files)
    trees[channel] = files->tree();
  const auto owned = TRY(owned_trees(spec_, trees));
  running_ = TRY(runtime_.prepare(plan_container(spec_, paths_, facts, trees)));
  TRY(serve_fast_files());
  if (spec_.NetworkIsolation) door_listener_ = std::move(running_->door_listener);
  if (door_listener_)
    door_ = TRY(Door::open(std::move(door_listener_), TRY(service_endpoint(spec_))));
  return {};
}

// Checkpoints are there before the script, and go where they came from while it runs.
Result<> Instance::restore() {
  if (spec_.Service.empty() || (!spec_.Checkpoint && spec_.Syncs.empty())) return {};
  sync_ = TRY(LiveSync::open(spec_, paths_));
  TRY(run_blocking([this] { return sync_->restore(told_to_end_.fd()); }));
  for (const auto& line : sync_->take_notes())
    TRY(log_->note(line));
  return {};
}

// The script finds its directories whole; FIFOs are fed while it runs.
Result<> Instance::fetch() {
  if (spec_.Origins.empty()) return {};
  fetcher_ = TRY(Fetcher::start(spec_));
  if (kill_at_) fetcher_->stop();
  link_.tell_while([this] { return progress_.sentence(fetcher_->bytes()); });
  std::vector<std::string> notes;
  auto fetched = run_blocking([&]() -> Result<> {
    fetched_ = TRY(fetch_channels(spec_, paths_, *fetcher_, progress_, notes));
    return {};
  });
  link_.tell_while({});
  for (const auto& note : notes)
    TRY(log_->note(note));
  if (fetched) return {};
  // What came so far may have filled the disk, and what is to be told needs some of it.
  const ContentCache cache = fetcher_->cache();
  fetcher_.reset();
  (void)os::remove_tree(paths_.fetched());  // at the end, if not now
  cache.make_room(0);
  return fetched;
}

// Directories of others that the job's user may not list: many a loader finds no file there and
// goes on without a word.
Result<> Instance::note_what_is_closed() {
  if (::geteuid() != 0) return {};
  for (const auto& channel : spec_.Channels) {
    if (channel.Within.empty()) continue;
    if (os::may_list(channel.Source, owner_of(spec_))) continue;
    TRY(log_->note(fmt::format("channel '{}': the user that jobs run as (number {}) may not read "
                               "{} of this machine, so the script finds nothing there; chmod or "
                               "chgrp it, or set [sandbox] user",
                               channel.Name, spec_.HostUid, channel.Source)));
  }
  return {};
}

// Beside the script: a disk that has much to write takes its time.
void Instance::settle_what_was_fetched() {
  if (!fetcher_) return;
  settling_ = std::jthread([f = fetcher_.get()] {
    if (const auto settled = f->settle(); !settled)
      log::warn("what was fetched may not outlive a power cut",
                {{"error", settled.error().message}});
  });
}

// Of a channel whose objects are all the store's own nobody had to read the index before.
Result<std::vector<wire::SequenceUnit>> Instance::take_sequence(const wire::ChannelSpec& channel) {
  auto known = fetched_.sequences.extract(channel.Name);
  if (known) return std::move(known.mapped());
  return read_sequence_index(channel.Source);
}

Result<> Instance::open_pipes() {
  const os::Owner owner = owner_of(spec_);
  for (const auto& channel : spec_.Channels)
    if (channel.InputMode == "Pipe")
      pipes_.push_back(
          TRY(PipeChannel::open(channel, TRY(take_sequence(channel)), paths_.ml() / "input/data",
                                owner, fetcher_.get(), [this](Error error) {
                                  const std::lock_guard lock(channel_mutex_);
                                  if (!channel_error_) channel_error_ = std::move(error);
                                  channel_failed_.raise();
                                })));
  return {};
}

// Of a job that waits for them the service is told.
Result<> Instance::take_gpus() {
  if (spec_.Gpus.empty()) return {};
  link_.tell_while([this] { return gpus_.doing(); });
  auto taken = run_blocking([this] {
    load_gpu_devices();
    return gpus_.take(told_to_end_.fd());
  });
  link_.tell_while({});
  for (const auto& lines : {gpus_.take_notes(), device_troubles(spec_, "/dev")})
    for (const auto& line : lines)
      TRY(log_->note(line));
  return taken;
}

// Those that the container mounted itself.
Result<> Instance::serve_fast_files() {
  for (const auto& [channel, files] : fetched_.fast_files)
    if (const auto it = running_->devices.find(channel_inside(channel));
        it != running_->devices.end())
      TRY(files->serve(std::move(it->second), running_->processes));
  running_->devices.clear();
  running_->processes.reset();
  return {};
}

Result<std::uint16_t> Instance::open_door_listener() {
  if (spec_.Service.empty()) return 0;
  if (spec_.NetworkIsolation) return isolated_door_port;  // the runtime makes it, inside
  door_listener_ = TRY(listen_on_loopback());
  return port_of(door_listener_);
}

Result<> Instance::train() {
  TRY(log_->follow(std::move(running_->output)));
  TRY(report({0, "Running", {}, "", "", "", ""}));
  settle_what_was_fetched();
  if (sync_) TRY(sync_->start(told_off_.fd()));
  TRY(follow_to_the_end());
  Exit exit = TRY(runtime_.wait(*running_));
  if (spec_.Entrypoint.empty()) exit.unrunnable = false;  // the toolkit is not the request's
  if (fetcher_) fetcher_->stop();
  if (!pipes_.empty() || !fetched_.fast_files.empty()) {
    TRY(run_blocking([this] { return settling_ = std::jthread(), Result<>(); }));
    settle_what_was_fetched();
  }
  pipes_.clear();
  packages_.reset();
  const Result<> kept = log_->finish();  // every line is there before anything is said of the end
  outcome_ = judge(exit, failure_text(paths_), !cause_.empty(),
                   missing_module_hint(log_->last_bytes(), spec_.Environment.Name));
  if (channel_error_) outcome_.failure = setup_failure(*channel_error_);
  for (const auto& [channel, files] : fetched_.fast_files)
    for (const auto& trouble : files->troubles())
      outcome_.notes.push_back("channel '" + channel + "': " + trouble);
  fetched_.fast_files.clear();
  if (!kept) (void)log_->note("part of the log could not be kept: " + kept.error().message);
  for (const auto& line : outcome_.notes)
    (void)log_->note(line);
  TRY(os::write_durably(
      paths_.exit_record(),
      wire::encode(wire::ExitRecord{outcome_.failure, cause_, exit.code, exit.signal})));
  return report({0, "Exited", {}, cause_, outcome_.failure, "", ""});
}

// Lets the script begin, unless it was to end before, and waits until all of it has ended.
Result<> Instance::follow_to_the_end() {
  const Millis started = clock_.boottime();
  if (!kill_at_)
    TRY(runtime_.start(*running_));
  else
    TRY(kill());
  const auto limit =
      spec_.MaxRuntimeMs > 0 ? std::optional(started + Millis(spec_.MaxRuntimeMs)) : std::nullopt;
  while (!wait_for(running_->exited.get(), [&] { return kill_at_ ? kill_at_ : limit; })) {
    if (!kill_at_) {
      ask_to_end("max_runtime");
      continue;
    }
    TRY(kill());
    kill_at_ = clock_.boottime() + kill_again_after;
  }
  return {};
}

// A process that waits for a file's bytes can be killed once it has an answer.
Result<> Instance::kill() {
  for (const auto& [channel, files] : fetched_.fast_files)
    files->stop();
  return runtime_.kill(*running_);
}

// Outputs and checkpoints go to the store. What fails here fails the job: the model is why it ran.
Result<> Instance::store() {
  door_.reset();
  Uploaded uploaded;
  const Result<> stored = run_blocking([&]() -> Result<> {
    if (sync_) TRY(sync_->finish());
    if (cause_ == "interrupted") return {};  // the next attempt goes on from the checkpoints
    return upload_outputs(spec_, paths_, outcome_.failure.empty(), told_off_.fd(), uploaded);
  });
  TRY(run_blocking([this] { return gpus_.give_back(told_off_.fd()), Result<>(); }));
  if (fenced_) return runtime_.destroy(spec_.Id, paths_.scratch());
  std::string failure = outcome_.failure;
  const std::string lost = stored ? "" : upload_failure(stored.error()) + keep_files();
  if (failure.empty()) failure = lost;
  if (sync_)
    for (auto& line : sync_->take_notes())
      uploaded.notes.push_back(std::move(line));
  for (auto& line : gpus_.take_notes())
    uploaded.notes.push_back(std::move(line));
  for (const auto& line : uploaded.notes)
    (void)log_->note(line);
  if (!lost.empty()) (void)log_->note(lost);
  // The reaper tries again: what a job made is not lost for what it left.
  if (const auto gone = runtime_.destroy(spec_.Id, paths_.scratch()); !gone)
    log::error("the sandbox left something", {{"error", gone.error().message}});
  return finish(failure, failure.empty() ? uploaded.model_uri : "");
}

// What could not be stored is the user's all the same. In words, what became of it.
std::string Instance::keep_files() {
  (void)runtime_.destroy(spec_.Id, paths_.scratch());  // what is mounted there, too
  const os::Path kept = paths_.kept();
  const auto move_away = [&]() -> Result<> {
    for (const os::Path& from : {paths_.ml(), paths_.checkpoints()})
      if (std::rename(from.c_str(), (kept / from.filename()).c_str()) != 0 && errno != ENOENT)
        return fail_errno("keep " + from.string());
    // Whoever is told that they are there finds them after a power cut, too.
    const os::Fd fd = TRY(os::open_file(kept, O_RDONLY | O_DIRECTORY));
    if (::syncfs(fd.get()) != 0) log::warn("kept files may not outlive a power cut", {});
    return {};
  };
  if (const auto moved = move_away(); !moved)
    return " (and not kept: " + moved.error().message + ")";
  return fmt::format(". The files are kept on the machine that ran it: trainyard cp "
                     "{}:/opt/ml/model .",
                     spec_.JobName);
}

// The last report. What it makes final is on the disk before it: a power cut takes no line of a job
// that was seen to have ended.
Result<> Instance::finish(const std::string& failure, const std::string& model_uri) {
  if (const auto kept = log_ ? log_->sync() : Result<>(); !kept)
    log::error("the log may not outlive a power cut", {{"error", kept.error().message}});
  return report({0, "Finished", {}, "", failure, model_uri, ""});
}

// The service should hear the end at once; if it is away it reads report.log when it is back.
Result<> Instance::part() {
  const Millis deadline = clock_.boottime() + last_report_grace;
  if (spec_.Report == "service" && !fenced_ && !link_.all_acknowledged())
    wait_for(-1, [&] { return fenced_ ? clock_.boottime() : deadline; });
  return {};
}

bool Instance::wait_for(int fd, const Deadline& deadline) {
  for (;;) {
    const auto until = deadline();
    Millis timeout{3'600'000};
    if (spec_.Report == "service") timeout = std::min(timeout, link_.on_tick());
    if (until) timeout = std::min(timeout, std::max(Millis(0), *until - clock_.boottime()));
    std::array<pollfd, 3> fds{pollfd{fd, POLLIN, 0}, pollfd{link_.fd(), POLLIN, 0},
                              pollfd{kill_at_ ? -1 : channel_failed_.fd(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), int(timeout.count()));
    if (fds[1].revents != 0)
      for (const auto& command : link_.on_readable())
        obey(command);
    if (fds[2].revents != 0) ask_to_end("channel");
    if (fds[0].revents != 0) return true;
    if (const auto now = deadline(); now && clock_.boottime() >= *now) return false;
    if (fd < 0 && link_.all_acknowledged()) return true;
  }
}

// Runs `task` on a thread of its own while the link stays alive.
Result<> Instance::run_blocking(const std::function<Result<>()>& task) {
  const os::Event done = TRY(os::Event::make());
  Result<> outcome;
  {
    const std::jthread worker([&] {
      outcome = task();
      done.raise();
    });
    wait_for(done.fd(), [] { return std::nullopt; });
  }
  return outcome;
}

void Instance::obey(const wire::Command& command) {
  if (command.Kind == "Stop") ask_to_end("requested");
  if (command.Kind == "Interrupt") ask_to_end("interrupted");
  if (command.Kind == "Fenced" && !std::exchange(fenced_, true)) {
    kill_at_ = clock_.boottime();
    told_off_.raise();
    told_to_end_.raise();
    if (fetcher_) fetcher_->stop();
  }
}

// SIGTERM now, SIGKILL when the grace is over. Asked twice, the first counts; but whoever is
// stopped while it is interrupted does not go on later.
void Instance::ask_to_end(const char* cause) {
  if (kill_at_ && cause_ == "interrupted" && cause == std::string_view("requested") &&
      !reports_.has("Exited"))
    cause_ = cause;
  if (kill_at_) return;
  cause_ = cause;
  kill_at_ = clock_.boottime() + Millis(spec_.StopGraceMs);
  told_to_end_.raise();
  // What a script reads comes on until it is killed.
  if (!running_ && fetcher_) fetcher_->stop();
  if (running_)
    if (const auto sent = runtime_.signal(*running_, SIGTERM); !sent)
      log::warn("could not pass SIGTERM on", {{"error", sent.error().message}});
}

Result<> Instance::report(wire::Report r) {
  r.At = clock_.now();
  TRY(reports_.append(std::move(r)));
  if (spec_.Report == "service") link_.on_tick();
  return {};
}

// As report(), but a disk that takes no more keeps nobody from hearing of it.
void Instance::tell(wire::Report r) {
  r.At = clock_.now();
  if (!reports_.append(r)) reports_.remember(std::move(r));
}

// The end of an instance that could not even be looked at.
Failure refuse_instance(const InstancePaths& paths, ReportLog& reports, const Clock& clock,
                        const Error& why) {
  const std::string failure = agent_failure(why);
  (void)os::write_durably(paths.exit_record(), wire::encode(wire::ExitRecord{failure, "", 0, 0}));
  for (const char* kind : {"Exited", "Finished"})
    (void)reports.append({0, kind, clock.now(), "", failure, "", ""});
  return Failure(why);
}

}  // namespace

Result<> run_agent(const os::Path& spec_file, const os::Path& toolkit,
                   const MakeRuntime& make_runtime, const Clock& clock, os::Fd began) {
  const InstancePaths paths{spec_file.parent_path()};
  os::FileLock lock = TRY(os::FileLock::take(paths.lock()));
  TRY(lock.write(wire::encode_lock({::getpid(), os::boot_id()})));
  began.reset();
  ReportLog reports = TRY(ReportLog::open(paths.directory));
  if (!reports.all().empty())
    return fail(ErrorKind::conflict, "InternalFailure",
                "run instance " + paths.directory.filename().string() +
                    ": an agent before this one began it");
  const auto read_spec = [&]() -> Result<wire::InstanceSpec> {
    return wire::decode<wire::InstanceSpec>(TRY(os::read_file(spec_file)));
  };
  auto spec = read_spec();
  if (!spec) return refuse_instance(paths, reports, clock, spec.error());
  const auto runtime = make_runtime();
  if (!runtime) return refuse_instance(paths, reports, clock, runtime.error());
  ::signal(SIGPIPE, SIG_IGN);
  Instance instance(std::move(*spec), paths, toolkit, **runtime, make_runtime, clock,
                    std::move(reports));
  return instance.live();
}

Result<> reap(const os::Path& directory, const std::string& id, Runtime& runtime) {
  const InstancePaths paths{directory};
  const auto lock = os::FileLock::take_when_free(paths.reaper_lock());
  if (!lock && lock.error().kind == ErrorKind::not_found) return {};
  // A disk that is full takes no new file: it is what is removed here that fills it.
  if (!lock) log::warn("a reaper works without its lock", {{"error", lock.error().message}});
  if (lock && !lock->is_of(paths.reaper_lock())) return {};  // who was waited for has removed it
  if (TRY(os::FileLock::is_held(paths.lock())))
    return fail(ErrorKind::conflict, "InternalFailure",
                "remove what instance " + id + " left: its agent lives");
  TRY(runtime.destroy(packages_id(id), paths.packages_scratch()));
  TRY(runtime.destroy(id, paths.scratch()));
  (void)::rmdir(paths.kept().c_str());  // unless there is something in it
  const os::Path aside = directory.parent_path() / (".gone-" + random_hex(8));
  if (std::rename(directory.c_str(), aside.c_str()) != 0)
    return fail_errno("set " + directory.string() + " aside");
  return os::remove_tree(aside);
}

}  // namespace trainyard::agent
