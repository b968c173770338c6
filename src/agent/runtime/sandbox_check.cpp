#include "agent/runtime/sandbox_check.hpp"

#include <algorithm>
#include <array>

namespace trainyard::agent {
namespace {

constexpr std::size_t id_bytes_max = 128, host_name_bytes_max = 64, target_bytes_max = 1024;
constexpr std::size_t aliases_max = 64;

bool is_name(const std::string& text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

bool has_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

Result<> check_identity(const SandboxSpec& spec, const HostFacts& facts) {
  const std::string doing = "make sandbox " + spec.id;
  if (spec.host_uid == 0 || (facts.uid == 0 && spec.host_gid == 0))
    return refuse(doing,
                  "its processes would be root of this machine; run jobs as an ordinary user "
                  "([sandbox] user)");
  if (facts.uid != 0 && (spec.host_uid != facts.uid || spec.host_gid != facts.gid))
    return refuse(doing, "only root can run it as user " + std::to_string(spec.host_uid) +
                             "; this agent is user " + std::to_string(facts.uid));
  return {};
}

}  // namespace

Result<> check_target(const os::Path& given) {
  const std::string text = given.string();
  const os::Path target = given.lexically_normal();
  const std::string doing = "mount something at \"" + text + "\" of the sandbox";
  if (!target.is_absolute() || text.size() > target_bytes_max || has_nul(text))
    return refuse(doing, "the target must be an absolute path of at most " +
                             std::to_string(target_bytes_max) + " bytes");
  if (std::find(given.begin(), given.end(), "..") != given.end())
    return refuse(doing, "\"..\" is not allowed in a target");
  const os::Path whole_target = os::Path("/") / target.relative_path();  // "//" is "/" too
  const std::string normal =
      (target.has_filename() ? whole_target : whole_target.parent_path()).string();
  static const std::array<const char*, 4> whole{"/", "/etc", "/dev", "/dev/shm"};
  static const std::array<const char*, 5> below{"/proc", "/sys", "/dev/pts", "/.own", "/.lower"};
  if (std::find(whole.begin(), whole.end(), normal) != whole.end() ||
      std::any_of(below.begin(), below.end(), [&](const char* place) {
        return (normal + "/").starts_with(std::string(place) + "/");
      }))
    return refuse(doing, "that place is the sandbox's own; choose another");
  return {};
}

Failure refuse(const std::string& doing, const std::string& why) {
  return fail(ErrorKind::invalid, "InvalidArgument", doing + ": " + why);
}

Result<> check_id(const std::string& id) {
  if (is_name(id, id_bytes_max)) return {};
  return refuse("name a sandbox \"" + id.substr(0, id_bytes_max) + "\"",
                "an id is 1 to " + std::to_string(id_bytes_max) +
                    " letters, digits, '.', '_' and '-'");
}

Result<> check_spec(const SandboxSpec& spec, const HostFacts& facts) {
  TRY(check_id(spec.id));
  TRY(check_identity(spec, facts));
  const std::string doing = "make sandbox " + spec.id;
  if (!spec.scratch.is_absolute()) return refuse(doing, "its scratch must be an absolute path");
  if (!spec.root.empty() && (!spec.root.is_absolute() || spec.root == "/"))
    return refuse(doing, "its root must be an absolute path, and no \"/\"");
  if (spec.argv.empty() || spec.argv[0].empty()) return refuse(doing, "it has no command");
  if (spec.mounts.size() > mounts_max || spec.aliases.size() > aliases_max)
    return refuse(doing, "it has more than " + std::to_string(mounts_max) + " mounts or " +
                             std::to_string(aliases_max) + " host names");
  if (facts.sources.size() != spec.mounts.size())
    return fail_internal(doing + ": the facts are of another spec");
  for (const auto* texts : {&spec.argv, &spec.environment})
    for (const auto& text : *texts)
      if (has_nul(text)) return refuse(doing, "an argument or a variable holds a zero byte");
  if (!is_name(spec.hostname, host_name_bytes_max))
    return refuse(doing, "\"" + spec.hostname + "\" is no host name");
  for (const auto& alias : spec.aliases)
    if (!is_name(alias, host_name_bytes_max))
      return refuse(doing, "\"" + alias + "\" is no host name");
  for (const auto& mount : spec.mounts)
    TRY(check_target(mount.target));
  return {};
}

}  // namespace trainyard::agent
