#include "agent/channels/content_cache.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace trainyard::agent {
namespace {

constexpr std::string_view fresh_front = "fresh-";
constexpr std::uint64_t free_part = 20;  // a twentieth of the disk is left to others

os::Path place_of(const os::Path& directory, const std::string& name) {
  return directory / name.substr(0, 2) / name;
}

// The time of access tells the last use, whatever the file system is mounted with; the time of
// change stays, which jobs see.
void touch(int fd) {
  const std::array<timespec, 2> times{timespec{0, UTIME_NOW}, timespec{0, UTIME_OMIT}};
  (void)::futimens(fd, times.data());
}

struct Kept {
  os::Path path;
  timespec used{};
  std::uint64_t bytes = 0;
  bool is_held = false;  // a job has it: its bytes are not freed
};

std::vector<std::string> names_in(const os::Path& directory) {
  return os::list_directory(directory).value_or(std::vector<std::string>());
}

std::vector<Kept> all_kept(const os::Path& directory) {
  std::vector<Kept> out;
  for (const auto& two : names_in(directory))
    for (const auto& name : names_in(directory / two)) {
      struct stat st{};
      const os::Path path = directory / two / name;
      if (::lstat(path.c_str(), &st) != 0) continue;
      out.push_back({path, st.st_atim, std::uint64_t(st.st_blocks) * 512, st.st_nlink > 1});
    }
  return out;
}

// What is missing for `bytes` more to leave the disk's free part, below which no job begins.
std::uint64_t lacking(const os::Path& root, std::uint64_t bytes) {
  const auto space = os::space(root);
  if (!space) return 0;
  const std::uint64_t wanted = space->total_bytes / free_part + bytes;
  return space->free_bytes < wanted ? wanted - space->free_bytes : 0;
}

bool is_earlier(const timespec& a, const timespec& b) {
  return std::pair(a.tv_sec, a.tv_nsec) < std::pair(b.tv_sec, b.tv_nsec);
}

// Those that were used least lately go first; one that is used meanwhile stays.
void trim(std::vector<Kept> all, std::uint64_t bytes_max, std::uint64_t missing) {
  std::uint64_t bytes = 0;
  for (const auto& one : all)
    bytes += one.bytes;
  std::sort(all.begin(), all.end(),
            [](const Kept& a, const Kept& b) { return is_earlier(a.used, b.used); });
  for (const auto& one : all) {
    if (bytes <= bytes_max && missing == 0) return;
    if (bytes <= bytes_max && one.is_held) continue;  // its bytes are a job's
    struct stat st{};
    if (::lstat(one.path.c_str(), &st) != 0 || is_earlier(one.used, st.st_atim)) continue;
    ::unlink(one.path.c_str());
    bytes -= one.bytes;
    if (!one.is_held) missing -= std::min(missing, one.bytes);
  }
}

}  // namespace

Result<ContentCache> ContentCache::open(os::Path root, os::Owner owner, std::uint64_t bytes_max,
                                        const std::string& boot) {
  ContentCache out(std::move(root), owner, bytes_max, boot);
  TRY(os::make_directories(out.root_ / "kept", 0711));
  TRY(os::make_directories(out.fresh_, 0711));
  for (const auto& name : names_in(out.root_))
    if (name.starts_with(fresh_front) && out.root_ / name != out.fresh_)
      if (const auto gone = os::remove_tree(out.root_ / name); !gone)
        log::warn("an old part of the cache stays", {{"error", gone.error().message}});
  return out;
}

std::optional<os::Fd> ContentCache::find(const std::string& name) const {
  for (const auto& directory : {fresh_, root_ / "kept"}) {
    os::Fd fd(::open(place_of(directory, name).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) continue;
    touch(fd.get());
    return fd;
  }
  return std::nullopt;
}

Result<os::Fd> ContentCache::create() const {
  os::Fd fd = TRY(os::open_file(fresh_, O_TMPFILE | O_RDWR, 0644));
  if (::fchmod(fd.get(), 0644) != 0) return fail_errno("prepare a file of the cache");
  if (::geteuid() == 0 && ::fchown(fd.get(), owner_.uid, owner_.gid) != 0)
    return fail_errno("give a file of the cache to the jobs' user");
  return fd;
}

Result<> ContentCache::keep(const os::Fd& file, const std::string& name) const {
  const os::Path to = place_of(fresh_, name);
  const std::string from = fmt::format("/proc/self/fd/{}", file.get());
  for (bool has_directory : {false, true}) {
    if (has_directory) TRY(os::make_directories(to.parent_path(), 0711));
    if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) == 0 ||
        errno == EEXIST)
      return {};
    if (errno != ENOENT) break;
  }
  return fail_errno("keep a fetched content as " + to.string());
}

Result<> ContentCache::settle() const {
  const os::Fd root = TRY(os::open_file(root_, O_RDONLY | O_DIRECTORY));
  const auto fresh = all_kept(fresh_);  // what comes later is the next one's
  if (!fresh.empty() && ::syncfs(root.get()) != 0) return fail_errno("sync " + root_.string());
  for (const auto& one : fresh) {
    const os::Path to = place_of(root_ / "kept", one.path.filename().string());
    TRY(os::make_directories(to.parent_path(), 0711));
    if (std::rename(one.path.c_str(), to.c_str()) != 0 && errno != ENOENT)
      return fail_errno("keep " + to.string());
  }
  trim(all_kept(root_ / "kept"), bytes_max_, lacking(root_, 0));
  return {};
}

void ContentCache::make_room(std::uint64_t bytes) const {
  auto all = all_kept(root_ / "kept");
  const auto fresh = all_kept(fresh_);
  all.insert(all.end(), fresh.begin(), fresh.end());
  trim(std::move(all), bytes_max_ - std::min(bytes_max_, bytes), lacking(root_, bytes));
}

bool ContentCache::lacks_room(std::uint64_t bytes) const {
  return lacking(root_, bytes) > 0;
}

std::uint64_t ContentCache::disk_bytes() const {
  return os::space(root_).value_or(os::Space{}).total_bytes;
}

}  // namespace trainyard::agent
