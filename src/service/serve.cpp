#include "service/serve.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/pool.hpp"
#include "net/server.hpp"
#include "os/files.hpp"
#include "os/namespaces.hpp"
#include "os/unix_socket.hpp"
#include "service/api/front_door.hpp"
#include "service/api/s3/s3.hpp"
#include "service/disk/disk.hpp"
#include "service/engine/engine.hpp"
#include "service/engine/gpus.hpp"
#include "service/engine/world.hpp"
#include "service/events/retention.hpp"
#include "service/events/webhook.hpp"
#include "service/fleet/agent_sessions.hpp"
#include "service/fleet/local.hpp"
#include "service/handover.hpp"
#include "service/identity/identity.hpp"
#include "service/logs/follower.hpp"
#include "service/objects/abandoned.hpp"
#include "service/objects/blobs.hpp"
#include "service/objects/snapshots.hpp"
#include "service/objects/uploads.hpp"
#include "service/store/control.hpp"
#include "service/store/objects.hpp"
#include "service/store/schema.hpp"
#include "service/tls.hpp"
#include "wire/instance/handover.hpp"
#include "wire/instance/lock.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

// The order of initialisation, each thing owned here and built from those above it: lock, database,
// control thread and readers, pools, identity, server, objects, fleet, engine, front door. Then
// work begins: recovery, then the listeners. In the end every thread stops before anything that it
// works on goes; destruction is the reverse of the order.

namespace trainyard {
namespace {

// An effect may wait for another S3, and none may hold up the others.
constexpr std::size_t pool_threads = 6, effect_threads = 64, body_threads = 256;
constexpr std::size_t queue_max = 10'000;
constexpr Millis drain_grace{1500}, end_after{1900};

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

// Who the jobs are outside: this user, or, for a service that is root, the sandbox user.
Result<User> sandbox_user(const Settings& settings) {
  if (::geteuid() != 0 && !settings.users.empty())
    return fail(ErrorKind::invalid, "InvalidSettings",
                fmt::format("[users.{}] unix: only a service that root runs gives files to others; "
                            "run it as root, or take that out of the settings",
                            settings.users.begin()->first));
  if (::geteuid() != 0) return User{::geteuid(), ::getegid()};
  const passwd* entry = ::getpwnam(settings.sandbox_user.c_str());
  if (entry && entry->pw_uid != 0) return User{entry->pw_uid, entry->pw_gid};
  return fail(
      ErrorKind::not_found, "InvalidSettings",
      fmt::format("no job runs as root, and there is no user '{0}' to run them as. Make it: "
                  "useradd --system --no-create-home {0}, or name another: [sandbox] user",
                  settings.sandbox_user));
}

// What will be acknowledged lies in them: a power cut must not take them.
Result<> keep_directories(const store::DataPaths& paths) {
  const auto data = paths.state.parent_path();
  for (const auto& directory : {data.parent_path(), data, paths.state, paths.blobs, paths.scratch})
    TRY(os::sync_directory(directory));
  return {};
}

// One that ends has no local clients any more.
Result<> wait_if_it_ends(pid_t holder, const store::DataPaths& paths) {
  if (os::connect_for_messages(paths.client_socket())) return {};
  const os::Child process = TRY(os::open_process(holder, TRY(os::start_ticks(holder))));
  log::info("another service here ends or starts; waiting for it",
            {{"process", std::to_string(holder)}});
  TRY(os::wait_until_ended(process.pidfd, static_cast<int>(end_after.count()) + 1000));
  return {};
}

Result<os::FileLock> take_directory(const store::DataPaths& paths) {
  for (const auto& directory :
       {paths.state, paths.run(), paths.blobs, paths.scratch, paths.logs(), paths.instances(),
        paths.packages(), paths.cache(), paths.objects(), paths.snapshots(), paths.environments()})
    TRY(os::make_directories(directory));
  TRY(keep_directories(paths));
  const auto holder = TRY(os::FileLock::holder(paths.lock()));
  if (holder) (void)wait_if_it_ends(*holder, paths);
  auto lock = os::FileLock::take(paths.lock());
  if (lock || lock.error().kind != ErrorKind::conflict) return lock;
  return fail(
      ErrorKind::conflict, "InternalFailure",
      fmt::format("a service already runs on {} (process {}). Use that one, stop it, or give "
                  "another --data",
                  paths.state.parent_path().string(),
                  holder ? std::to_string(*holder) : "unknown"));
}

// Jobs' users must reach their own directories and nothing else of ours.
Result<> open_ways(const store::DataPaths& paths) {
  if (::geteuid() != 0) return {};
  for (const auto& path : {paths.blobs, paths.scratch, paths.instances(), paths.packages(),
                           paths.cache(), paths.objects(), paths.snapshots(), paths.environments()})
    if (::chmod(path.c_str(), 0711) != 0) return fail_errno("open the way into " + path.string());
  return {};
}

Result<> hold(os::FileLock& lock, const store::DataPaths& paths) {
  TRY(lock.write(wire::encode_lock({::getpid(), os::boot_id()})));
  return open_ways(paths);
}

Result<std::unique_ptr<store::Database>> open_database(const store::DataPaths& paths) {
  auto db = TRY(store::Database::open(paths.database(), store::Database::Mode::write));
  TRY(store::migrate(*db));
  return db;
}

// SIGTERM and SIGINT end the service. Blocked before any thread starts, so that all inherit it.
sigset_t block_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return set;
}

// What is still at work after that stays owed, and is done by the next service as after a kill.
void end_at_latest() {
  ::signal(SIGALRM, [](int) {
    constexpr std::string_view said = "stopped: what was still at work is done at the next start\n";
    (void)!::write(STDERR_FILENO, said.data(), said.size());
    ::_exit(0);
  });
  constexpr itimerval after{{}, {end_after.count() / 1000, end_after.count() % 1000 * 1000}};
  ::setitimer(ITIMER_REAL, &after, nullptr);
}

void await_end(const sigset_t& signals) {
  int caught = 0;
  ::sigwait(&signals, &caught);
  log::info("stopping", {{"signal", std::to_string(caught)}});
  end_at_latest();
}

// Connections, databases, agents and files take more than the 1,024 that a shell gives. Not all
// that may be: programs of jobs inherit it, and some walk along all of them.
void raise_descriptor_limit() {
  constexpr rlim_t enough = 65'536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= enough) return;
  limit.rlim_cur = std::min(limit.rlim_max, enough);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warn("few descriptors can be opened", {});
}

// Where it listens: for local clients and jobs on loopback, and for others by TLS.
struct Addresses {
  std::string local;  // http://127.0.0.1:8430
  std::string tls;    // https://gpu.example.org:8430, or ""
  std::string fingerprint;
};

// One port for both where it can be: local clients are told from others by where they come from.
Result<Addresses> listen(net::Server& server, const Settings& settings,
                         const std::optional<TlsSetup>& tls) {
  const std::string address =
      TRY(server.listen_tcp(settings.listen, tls ? &tls->identity : nullptr));
  if (!tls) return Addresses{"http://" + address, "", ""};
  const std::string host = host_of(address), port = address.substr(host.size());
  const bool is_any = host == "0.0.0.0";
  if (!is_any && !is_loopback(host)) TRY(server.listen_tcp("127.0.0.1" + port));
  std::string name = settings.tls.names.empty() ? host : settings.tls.names.front();
  if (std::array<char, 256> own{};
      is_any && settings.tls.names.empty() && ::gethostname(own.data(), own.size() - 1) == 0)
    name = own.data();
  return Addresses{"http://" + (is_loopback(host) ? host : "127.0.0.1") + port,
                   "https://" + name + port, tls->fingerprint};
}

void say_where(const Addresses& at, bool json) {
  if (json && at.tls.empty())
    std::printf("{\"Endpoint\":\"%s\"}\n", at.local.c_str());
  else if (json)
    std::printf("{\"Endpoint\":\"%s\",\"TlsEndpoint\":\"%s\",\"Fingerprint\":\"%s\"}\n",
                at.local.c_str(), at.tls.c_str(), at.fingerprint.c_str());
  else
    std::printf("trainyard: listening on %s\n", at.local.c_str());
  if (!json && !at.tls.empty())
    std::printf("trainyard: listening on %s; on other machines: trainyard login %s\n"
                "trainyard: the fingerprint that login shows there must be %s\n",
                at.tls.c_str(), at.tls.c_str(), at.fingerprint.c_str());
  std::fflush(stdout);
}

// Tells whoever started it, and the command's local clients.
Result<> announce(const wire::CredentialsFile& credentials, const Addresses& at,
                  const store::DataPaths& paths, bool json) {
  const std::string text = wire::encode(credentials);
  // Not written anew for nothing: a full disk is no reason not to start.
  if (os::read_file(paths.credentials()).value_or("") != text)
    TRY(os::write_durably(paths.credentials(), text));
  say_where(at, json);
  return {};
}

// The server is made before what answers its requests; nothing listens until this is filled.
struct LateHandler final : net::Handler {
  std::unique_ptr<api::FrontDoor> door;
  std::variant<net::Admission, wire::Response> admit(const wire::RequestHead& head) override {
    return door->admit(head);
  }
  void handle(std::shared_ptr<net::Exchange> exchange) override {
    door->handle(std::move(exchange));
  }
  wire::Response refuse(const wire::RequestHead& head, const Error& error) override {
    return door->refuse(head, error);
  }
};

// Agents, and what jobs send through their doors.
Result<> listen_for_agents(net::Server& server, const store::DataPaths& paths) {
  TRY(server.listen_unix(paths.agent_socket(), 0600, api::agent_peer));
  return server.listen_unix(paths.door_socket(), 0600, "door");
}

void wake_on_events(store::Control& control, logs::Follower& follower, events::Webhooks& webhooks) {
  control.on_events([&](const std::vector<std::string>& jobs) {
    follower.events_came(jobs);
    webhooks.wake();
  });
}

// What [retention] says. It walks and removes: the pool's work.
void prune_daily(disk::Disk& disk, const Settings& settings, net::Server& server, Pool& pool) {
  if (settings.retention.count() == 0) return;
  disk::prune_daily(disk, settings.retention, [&server, &pool](Millis after, auto task) {
    server.run_after(after, [&pool, task = std::move(task)] {
      if (!pool.post(task)) log::warn("nothing is pruned until the next start", {});
    });
  });
}

// All that goes by itself, from now on.
void remove_old(store::Control& control, objects::Uploads& uploads, disk::Disk& disk,
                const Settings& settings, net::Server& server, Pool& pool) {
  const auto run_after = [&server](Millis after, auto task) {
    server.run_after(after, std::move(task));
  };
  objects::remove_abandoned_daily(control, uploads, run_after);
  events::prune_hourly(control, run_after);
  prune_daily(disk, settings, server, pool);
}

}  // namespace

Result<> serve(const ServeOptions& options) {
  const sigset_t signals = block_signals();
  raise_descriptor_limit();
  const auto& [paths, settings, program, json] = options;
  TRY(check_listen(settings));
  const User user = TRY(sandbox_user(settings));
  os::FileLock lock = TRY(take_directory(paths));
  TRY(hold(lock, paths));
  const Clock& clock = system_clock();
  const auto tls = TRY(prepare_tls(settings, paths, clock.now()));
  store::Control control(TRY(open_database(paths)), clock);
  store::Readers readers(paths.database(), pool_threads + effect_threads + body_threads);
  Pool pool(pool_threads, queue_max), bodies(body_threads, queue_max),
      effects(effect_threads, queue_max);
  identity::Identity identity(control, readers, settings.account);

  LateHandler handler;
  const auto server = TRY(net::Server::start({}, handler));
  const auto blobs = TRY(objects::Blobs::open(paths.objects(), {user.uid, user.gid}));
  objects::Uploads uploads(*blobs, readers);
  objects::Snapshots snapshots(paths.snapshots(), *blobs, readers, clock);
  api::S3Context s3{control, readers,          *blobs,          uploads, bodies,
                    pool,    settings.account, settings.region, clock,   settings};

  fleet::LocalFleet fleet(program, paths.instances(), *server);
  engine::InstanceContext instances{paths, "", user.uid, user.gid, engine::machine_gpus(settings)};
  engine::JobWorld world(settings, instances, {settings, snapshots, *blobs, readers}, *server);
  const auto follower = TRY(logs::Follower::open(*server));
  engine::World functions = world.functions();
  functions.now = [&clock] { return clock.now(); };
  functions.changed = [f = follower.get()](const std::string& job) { f->job_changed(job); };
  engine::Engine engine(control, readers, fleet, effects, functions);
  fleet::AgentSessions sessions(engine.session_callbacks());
  engine.use_sessions(sessions);
  events::Webhooks webhooks({control, readers, clock});
  wake_on_events(control, *follower, webhooks);
  disk::Disk disk(paths, readers, snapshots, clock);
  api::Services services{settings, paths, clock, engine, identity, world, disk, pool};
  handler.door = std::make_unique<api::FrontDoor>(
      api::FrontDoor::Parts{services, control, readers, pool, s3, sessions, *follower});

  std::unique_ptr<Handover> handover;
  const auto work = [&]() -> Result<> {
    const auto key = TRY(identity.first_key());
    const Addresses at = TRY(listen(*server, settings, tls));
    world.set_service_url(at.local);
    TRY(listen_for_agents(*server, paths));
    TRY(api::clean_after_start(s3));
    TRY(api::ensure_default_bucket(s3));
    remove_old(control, uploads, disk, settings, *server, pool);
    TRY(webhooks.start(settings.events));
    TRY(engine.recover());
    server->accept();
    handover = TRY(Handover::open(paths.client_socket(), *server, pool, identity, clock, settings));
    TRY(announce({at.local, key.id, key.secret, settings.region, settings.account, ""}, at, paths,
                 json));
    await_end(signals);
    ::unlink(paths.client_socket().c_str());  // from here the next service waits for this one
    server->drain(drain_grace);
    return {};
  };
  const Result<> outcome = work();
  server->close_connections();
  webhooks.stop();
  for (Pool* p : {&bodies, &pool, &effects})
    p->stop();
  control.stop();
  server->stop();
  return outcome;
}

}  // namespace trainyard
