#include "agent/live_sync.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

constexpr const char* checkpoints = "checkpoints";
constexpr Millis blind_every{60'000};
constexpr std::uint32_t any_change = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO;

}  // namespace

Result<std::unique_ptr<LiveSync>> LiveSync::open(const wire::InstanceSpec& spec,
                                                 const InstancePaths& paths) {
  std::unique_ptr<LiveSync> out(new LiveSync(spec, paths));
  TRY(out->make());
  return out;
}

Result<> LiveSync::make() {
  over_ = TRY(os::Event::make());
  stop_.reset(::epoll_create1(EPOLL_CLOEXEC));
  changes_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!stop_ || !changes_) return fail_errno("prepare to watch directories");
  TRY(stop_at(over_.fd(), true));
  store_ = TRY(JobStore::open(spec_, paths_, stop_.get()));
  if (spec_.Checkpoint)
    add(checkpoints, TRY(s3::parse_uri(spec_.Checkpoint->S3Uri)), paths_.checkpoints());
  for (const auto& sync : spec_.Syncs) {
    // A hyperparameter may have asked for it, which nobody looked at before.
    if (const auto to = s3::parse_uri(sync.S3Uri))
      add(sync.LocalPath, *to, paths_.synced(sync.LocalPath));
    else
      notes_.push_back(fmt::format("{} cannot be copied: {}", sync.LocalPath, to.error().message));
  }
  return {};
}

void LiveSync::add(std::string name, const s3::Location& prefix, const os::Path& path) {
  const os::Path at = path.lexically_relative(paths_.directory);
  auto open_directory = [root = paths_.directory, at] { return open_job_directory(root, at); };
  std::optional<os::Owner> owner;
  if (::geteuid() == 0) owner = owner_of(spec_);
  const bool is_checkpoint = name == checkpoints;
  parts_.push_back(
      {std::move(name), at, is_checkpoint,
       std::make_unique<SyncedTree>(store_->client, prefix, std::move(open_directory), owner,
                                    TreeLimits{}, std::uint64_t(spec_.OutputBytesMax))});
}

LiveSync::~LiveSync() {
  if (!thread_.joinable()) return;
  over_.raise();
  thread_.join();
}

Result<> LiveSync::stop_at(int fd, bool stops) {
  epoll_event event{.events = EPOLLIN, .data = {}};
  if (::epoll_ctl(stop_.get(), stops ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &event) == 0) return {};
  return fail_errno("watch what ends a copy");
}

bool LiveSync::is_told_to_stop() const {
  return os::is_readable(stop_.get());
}

void LiveSync::add_notes(const Part& part, const Notes& notes) {
  for (auto& line : notes.lines(part.name))
    notes_.push_back(std::move(line));
}

Result<> LiveSync::restore(int stop_fd) {
  for (auto& part : parts_) {
    if (!part.is_checkpoint) continue;
    TRY(stop_at(stop_fd, true));
    const auto restored = part.tree->restore();
    TRY(stop_at(stop_fd, false));
    if (!restored) return Failure(restored.error());
    add_notes(part, restored->notes);
  }
  return {};
}

Result<> LiveSync::start(int stop_fd) {
  if (parts_.empty()) return {};
  TRY(stop_at(stop_fd, true));
  thread_ = std::thread([this] { run(); });
  return {};
}

void LiveSync::run() {
  const auto pause = s3::pause_unless(stop_.get());
  do {
    drain();  // what changes while it is copied is heard of again
    for (auto& part : parts_)
      copy(part);
  } while (await_change() && pause(Millis(spec_.SyncEveryMs)));
}

// False when it is over.
bool LiveSync::await_change() {
  if (std::any_of(parts_.begin(), parts_.end(), [](const Part& p) { return p.has_failed; }))
    return !is_told_to_stop();
  std::array<pollfd, 2> fds{pollfd{stop_.get(), POLLIN, 0}, pollfd{changes_.get(), POLLIN, 0}};
  const int timeout = is_blind_ ? int(blind_every.count()) : -1;
  while (::poll(fds.data(), fds.size(), timeout) < 0 && errno == EINTR) {
  }
  return fds[0].revents == 0;
}

void LiveSync::copy(Part& part) {
  if (is_told_to_stop()) return;
  // A job may remove the directory and make it anew.
  if (const auto parent = open_job_directory(paths_.directory, part.at.parent_path()))
    watch(parent->get(), IN_CREATE | IN_MOVED_TO);
  SyncedTree::Options options;
  options.lists_anew = false;
  options.visit_directory = [this](int directory) { watch(directory, any_change); };
  const auto synced = part.tree->sync_up(options);
  const bool has_failed = !synced && synced.error().code != s3::stopped_code;
  if (has_failed && !part.has_failed)
    log::warn("a directory could not be copied yet; it is tried again",
              {{"directory", part.name}, {"error", synced.error().message}});
  part.has_failed = has_failed;
}

void LiveSync::watch(int directory, std::uint32_t for_what) {
  const std::string path = fmt::format("/proc/self/fd/{}", directory);
  if (::inotify_add_watch(changes_.get(), path.c_str(), for_what | IN_ONLYDIR | IN_MASK_ADD) < 0)
    is_blind_ = true;
}

void LiveSync::drain() {
  std::array<char, 16'384> events;
  while (::read(changes_.get(), events.data(), events.size()) > 0) {
  }
}

Result<> LiveSync::finish() {
  if (thread_.joinable()) {
    over_.raise();
    thread_.join();
    over_.lower();
  }
  Result<> out;
  for (auto& part : parts_) {
    const auto synced = part.tree->sync_up();
    if (synced)
      add_notes(part, synced->notes);
    else if (part.is_checkpoint)
      out = in_context(synced.error(), part.name);
    else
      notes_.push_back(
          fmt::format("{} could not be copied: {}", part.name, synced.error().message));
  }
  return out;
}

}  // namespace trainyard::agent
