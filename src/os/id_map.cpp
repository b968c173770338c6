#include "os/id_map.hpp"

#include "os/files.hpp"
#include "os/namespaces.hpp"
#include "os/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>
#include <vector>

namespace trainyard::os {
namespace {

struct Range {
  std::uint64_t begin = 0, end = 0;
  bool holds(std::uint64_t id) const { return begin <= id && id < end; }
};

// The ids of this process's namespace, of lines "FIRST OUTSIDE COUNT" (user_namespaces(7)).
std::vector<Range> ranges_of(std::string_view map) {
  std::vector<Range> out;
  while (!map.empty()) {
    std::string_view line = map.substr(0, map.find('\n'));
    map.remove_prefix(std::min(map.size(), line.size() + 1));
    std::uint64_t numbers[3] = {};
    bool is_whole = true;
    for (auto& number : numbers) {
      line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
      const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), number);
      is_whole = is_whole && ec == std::errc();
      line.remove_prefix(std::size_t(end - line.data()));
    }
    if (is_whole) out.push_back({numbers[0], numbers[0] + numbers[2]});
  }
  return out;
}

// In the child, which shares this process's memory no more, and lives until the pipe closes.
[[noreturn]] void wait_for_end(const Pipe& pipe) {
  ::close(pipe.write.get());
  char ignored = 0;
  while (::read(pipe.read.get(), &ignored, 1) < 0) {
  }
  ::_exit(0);
}

Result<> write_map(pid_t child, const char* which, id_t a, id_t b) {
  const auto own = TRY(read_file(fmt::format("/proc/self/{}", which)));
  const auto text = swapping_map(own, a, b);
  if (text.empty())
    return fail_internal(fmt::format("map the ids {} and {}: one of them is none of this "
                                     "namespace's (/proc/self/{})",
                                     a, b, which));
  return write_file(fmt::format("/proc/{}/{}", child, which), text);
}

}  // namespace

std::string swapping_map(std::string_view own, id_t a, id_t b) {
  const auto ranges = ranges_of(own);
  const auto is_known = [&](id_t id) {
    return std::any_of(ranges.begin(), ranges.end(), [id](const Range& r) { return r.holds(id); });
  };
  if (!is_known(a) || !is_known(b)) return "";
  std::string out;
  const auto line = [&](std::uint64_t first, std::uint64_t outside, std::uint64_t count) {
    if (count > 0) out += fmt::format("{} {} {}\n", first, outside, count);
  };
  const std::uint64_t low = std::min(a, b), high = std::max(a, b);
  for (const auto& range : ranges) {
    std::uint64_t at = range.begin;
    for (const auto id : {low, high}) {
      if (!range.holds(id) || id < at) continue;  // the same one twice
      line(at, at, id - at);
      line(id, id == low ? high : low, 1);
      at = id + 1;
    }
    line(at, at, range.end - at);
  }
  return out;
}

Result<Fd> swapping_namespace(const SwappedIds& ids) {
  Pipe pipe = TRY(make_pipe());
  int pidfd = -1;
  const pid_t pid = clone_process(CLONE_NEWUSER, &pidfd);
  if (pid == 0) wait_for_end(pipe);
  if (pid < 0) return fail_errno("make a user namespace");
  const Child child{pid, Fd(pidfd)};
  auto made = [&]() -> Result<Fd> {
    TRY(write_map(pid, "uid_map", ids.uid, ids.other_uid));
    TRY(write_map(pid, "gid_map", ids.gid, ids.other_gid));
    return open_file(fmt::format("/proc/{}/ns/user", pid), O_RDONLY);
  }();
  pipe.write.reset();
  TRY(wait(child));
  return made;
}

int map_ids(int tree, int user_namespace) noexcept {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = std::uint64_t(user_namespace);
  return ::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes);
}

}  // namespace trainyard::os
