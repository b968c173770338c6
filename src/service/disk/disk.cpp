#include "service/disk/disk.hpp"

#include "base/id.hpp"
#include "base/log.hpp"
#include "os/files.hpp"
#include "service/store/jobs.hpp"

#include <cstdio>
#include <sys/stat.h>

namespace trainyard::disk {
namespace {

constexpr Millis day{86'400'000};
constexpr std::uint64_t block_bytes = 512;  // what st_blocks counts, everywhere

std::vector<std::string> names_in(const os::Path& directory) {
  return os::list_directory(directory).value_or(std::vector<std::string>());
}

// Adds all regular files below; what goes meanwhile is passed over. Directories of ours are few
// levels deep.
void add_tree(const os::Path& path, Share& to) {
  struct stat st{};
  if (::lstat(path.c_str(), &st) != 0) return;
  if (!S_ISDIR(st.st_mode)) {
    to.bytes += std::uint64_t(st.st_blocks) * block_bytes;
    ++to.count;
    return;
  }
  for (const auto& name : names_in(path))
    add_tree(path / name, to);
}

Share files_of(const char* name, const os::Path& path) {
  Share out{name, 0, 0, "files"};
  add_tree(path, out);
  return out;
}

// The same, but what is counted is what lies right below.
Share entries_of(const char* name, const os::Path& path, const char* what) {
  Share out = files_of(name, path);
  out.count = names_in(path).size();
  out.what = what;
  return out;
}

using StillOld = std::function<bool(const os::Path& path)>;

void remove(const os::Path& path, Share& to, bool only_look, const StillOld& is_still_old) {
  Share here{"", 0, 0};
  add_tree(path, here);
  if (!is_still_old(path)) return;  // used while it was looked at
  // Away from its name first: half of it must not be found by that.
  const os::Path aside = path.parent_path() / (".gone-" + random_hex(8));
  if (!only_look && std::rename(path.c_str(), aside.c_str()) != 0) return;
  if (!only_look)
    if (const auto gone = os::remove_tree(aside); !gone)
      log::warn("what was pruned is not all gone", {{"error", gone.error().message}});
  to.bytes += here.bytes;
  ++to.count;
}

// What is there of these instances.
Share remove_of(const char* name, const os::Path& root, const std::vector<std::string>& instances,
                bool only_look) {
  Share out{name, 0, 0, "jobs"};
  for (const auto& instance : instances)
    if (std::filesystem::exists(root / instance))
      remove(root / instance, out, only_look, [](const os::Path&) { return true; });
  return out;
}

Time modified(const struct stat& st) {
  return from_ms(std::int64_t(st.st_mtim.tv_sec) * 1000);
}

// Layers of packages tell their last use by their own times.
Share prune_packages(const os::Path& root, Time before, bool only_look) {
  Share out{"packages", 0, 0, "layers"};
  const auto is_old = [&](const os::Path& path) {
    struct stat st{};
    return ::lstat(path.c_str(), &st) == 0 && modified(st) < before;
  };
  for (const auto& name : names_in(root))
    if (is_old(root / name)) remove(root / name, out, only_look, is_old);
  return out;
}

// Fetched contents tell it by the time of access; jobs that have them have links of their own.
Share prune_cache(const os::Path& root, Time before, bool only_look) {
  Share out{"cache", 0, 0, "files"};
  for (const auto& two : names_in(root / "kept"))
    for (const auto& name : names_in(root / "kept" / two)) {
      struct stat st{};
      const os::Path path = root / "kept" / two / name;
      if (::lstat(path.c_str(), &st) != 0 ||
          from_ms(std::int64_t(st.st_atim.tv_sec) * 1000) >= before)
        continue;
      if (!only_look && ::unlink(path.c_str()) != 0) continue;
      out.bytes += std::uint64_t(st.st_blocks) * block_bytes;
      ++out.count;
    }
  return out;
}

}  // namespace

Result<Usage> Disk::usage() {
  Usage out;
  const auto space = TRY(os::space(paths_.blobs));
  out.free_bytes = space.free_bytes;
  out.total_bytes = space.total_bytes;
  out.buckets = TRY(readers_.read([](store::Snapshot& s) { return store::bucket_sizes(s); }));
  out.shares.push_back(files_of("objects", paths_.objects()));
  // Names of contents that are counted above, but for copies.
  out.shares.push_back(
      {"snapshots", 0, names_in(paths_.snapshots()).size(), "links, no bytes of their own"});
  out.shares.push_back(entries_of("logs", paths_.logs(), "jobs"));
  out.shares.push_back(entries_of("packages", paths_.packages(), "layers"));
  out.shares.push_back(files_of("cache", paths_.cache()));
  out.shares.push_back(entries_of("environments", paths_.environments(), "added"));
  out.shares.push_back(entries_of("instances", paths_.instances(), "running"));
  out.shares.push_back(entries_of("kept", paths_.kept(), "jobs"));
  out.shares.push_back(files_of("state", paths_.state));
  return out;
}

Result<std::vector<Share>> Disk::prune(const Pruning& what) {
  const bool only_look = what.only_look;
  const Time before = clock_.now() - what.older;
  const auto [ended, oldest] = TRY(readers_.read(
      [&](store::Snapshot& s) -> Result<std::pair<std::vector<std::string>, std::optional<Time>>> {
        auto instances = TRY(store::instances_ended_before(s, before));
        return std::pair(std::move(instances), TRY(store::oldest_unfinished(s)));
      }));
  // What a job uses it has used since it was created.
  const Time unused = std::min(before, oldest.value_or(before));
  std::vector<Share> out;
  if (what.with_ended) {
    out.push_back(remove_of("logs", paths_.logs(), ended, only_look));
    out.push_back(remove_of("kept", paths_.kept(), ended, only_look));
  }
  out.push_back({"snapshots", 0, snapshots_.prune(unused, only_look), "of channels"});
  out.push_back(prune_packages(paths_.packages(), unused, only_look));
  out.push_back(prune_cache(paths_.cache(), unused, only_look));
  return out;
}

void prune_daily(Disk& disk, Millis older, const RunAfter& run_after, Millis first) {
  run_after(first, [&disk, older, run_after] {
    if (const auto pruned = disk.prune({older}); !pruned)
      log::warn("what is old could not be pruned", {{"error", pruned.error().message}});
    prune_daily(disk, older, run_after, day);
  });
}

}  // namespace trainyard::disk
