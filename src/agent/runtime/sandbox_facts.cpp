#include "agent/runtime/sandbox_plan.hpp"
#include "os/plain_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::agent {
namespace {

bool among(const std::vector<std::string>& names, const std::string& name) {
  return std::binary_search(names.begin(), names.end(), name);
}

std::string link_text(const os::Path& path) {
  char text[4096];
  const ssize_t n = ::readlink(path.c_str(), text, sizeof text);
  return n > 0 ? std::string(text, std::size_t(n)) : "";
}

// The allowed names that are there. A dangling link is left out.
Result<std::vector<HostEntry>> entries(const os::Path& directory,
                                       const std::vector<std::string>& allowed) {
  std::vector<HostEntry> out;
  for (const auto& name : TRY(os::list_directory(directory))) {
    if (!among(allowed, name)) continue;
    const os::Path path = directory / name;
    struct stat st{};
    if (::stat(path.c_str(), &st) != 0) continue;
    out.push_back({name, S_ISDIR(st.st_mode), link_text(path)});
  }
  return out;
}

// Of a root that is not this machine's, whoever filled it: all of `below` that is a directory, a
// file or a link, but what the sandbox makes itself.
Result<std::vector<HostEntry>> entries_within(const os::Path& root, const os::Path& below,
                                              const std::vector<std::string>& own) {
  std::vector<HostEntry> out;
  const auto directory = os::open_in_root(root, below, O_RDONLY | O_DIRECTORY);
  if (!directory && below != ".") return out;  // it has none
  if (!directory) return Failure(directory.error());
  const std::string seen = "/proc/self/fd/" + std::to_string(directory->get());
  for (const auto& name : TRY(os::list_directory(seen))) {
    struct stat st{};
    if (name.starts_with('.') || among(own, name)) continue;
    if (::fstatat(directory->get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISLNK(st.st_mode)) out.push_back({name, false, link_text(os::Path(seen) / name)});
    if (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) out.push_back({name, S_ISDIR(st.st_mode), ""});
  }
  return out;
}

Result<> gather_root(const os::Path& root, HostFacts& out) {
  static const std::vector<std::string> own_top{"dev",  "etc", "mnt", "opt", "proc",
                                                "root", "run", "sys", "tmp", "var"};
  static const std::vector<std::string> own_etc{"group",         "hostname", "hosts",      "mtab",
                                                "nsswitch.conf", "passwd",   "resolv.conf"};
  static const std::vector<std::string> own_opt{"ml", "trainyard"};
  out.root = TRY(entries_within(root, ".", own_top));
  out.etc = TRY(entries_within(root, "etc", own_etc));
  out.opt = TRY(entries_within(root, "opt", own_opt));
  out.passwd = os::read_in_root(root, "etc/passwd", 1u << 20).value_or("");
  out.group = os::read_in_root(root, "etc/group", 1u << 20).value_or("");
  return {};
}

SourceFacts look_at(const os::Path& source) {
  struct stat st{};
  if (source.empty() || ::stat(source.c_str(), &st) != 0) return {};
  return {true, S_ISDIR(st.st_mode), S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)};
}

}  // namespace

const std::vector<std::string>& system_directories() {
  static const std::vector<std::string> names{"bin",    "lib",  "lib32", "lib64",
                                              "libx32", "sbin", "usr"};
  return names;
}

// What programs read of /etc that tells nothing of this machine's people and services: how to load
// libraries, check certificates, name time zones, types and ports. Accounts, hosts and name service
// are made up instead.
const std::vector<std::string>& system_settings() {
  static const std::vector<std::string> names{"OpenCL",
                                              "alternatives",
                                              "ca-certificates",
                                              "ca-certificates.conf",
                                              "crypto-policies",
                                              "fonts",
                                              "gai.conf",
                                              "host.conf",
                                              "ld.so.cache",
                                              "ld.so.conf",
                                              "ld.so.conf.d",
                                              "localtime",
                                              "magic",
                                              "mime.types",
                                              "os-release",
                                              "pki",
                                              "protocols",
                                              "services",
                                              "ssl",
                                              "terminfo",
                                              "timezone",
                                              "vulkan"};
  return names;
}

const std::vector<std::string>& plain_devices() {
  static const std::vector<std::string> names{"full", "null", "random", "tty", "urandom", "zero"};
  return names;
}

Result<HostFacts> gather_facts(const SandboxSpec& spec) {
  HostFacts out;
  out.uid = ::geteuid();
  out.gid = ::getegid();
  if (!spec.root.empty()) {
    TRY(gather_root(spec.root, out));
  } else {
    out.root = TRY(entries("/", system_directories()));
    out.etc = TRY(entries("/etc", system_settings()));
  }
  for (const auto& name : plain_devices())
    if (::access(("/dev/" + name).c_str(), F_OK) == 0) out.devices.push_back(name);
  out.resolver = os::read_file("/etc/resolv.conf", 64u << 10).value_or("");
  out.cgroups = os::find_cgroups();
  for (const auto& mount : spec.mounts)
    out.sources.push_back(look_at(mount.source));
  return out;
}

}  // namespace trainyard::agent
