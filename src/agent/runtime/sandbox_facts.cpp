#include "agent/runtime/sandbox_plan.hpp"

#include <algorithm>
#include <cerrno>
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
  out.root = TRY(entries("/", system_directories()));
  out.etc = TRY(entries("/etc", system_settings()));
  for (const auto& name : plain_devices())
    if (::access(("/dev/" + name).c_str(), F_OK) == 0) out.devices.push_back(name);
  out.resolver = os::read_file("/etc/resolv.conf", 64u << 10).value_or("");
  out.cgroups = os::find_cgroups();
  for (const auto& mount : spec.mounts)
    out.sources.push_back(look_at(mount.source));
  return out;
}

}  // namespace trainyard::agent
