#include "s3/profile.hpp"

#include "os/files.hpp"
#include "os/process.hpp"
#include "wire/json.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace trainyard::s3 {
namespace {

constexpr std::size_t file_bytes_max = 1u << 20;
constexpr int process_ms_max = 60'000;
constexpr Millis renew_before{5 * 60'000};

// What a credential_process prints.
struct ProcessOutput {
  std::string AccessKeyId, SecretAccessKey, SessionToken, Expiration;
};
template <class V> void fields(V& v, ProcessOutput& p) {
  v("AccessKeyId", p.AccessKeyId, wire::required);
  v("SecretAccessKey", p.SecretAccessKey, wire::required);
  v("SessionToken", p.SessionToken);
  v("Expiration", p.Expiration);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string home() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry && entry->pw_dir[0] == '/' ? entry->pw_dir : "/root";
}

Failure denied(std::string message) {
  return fail(ErrorKind::denied, "NoCredentials", std::move(message));
}

// What is run must have been written by whom it runs as.
Result<> check_is_own(const os::Path& file) {
  for (const os::Path& path : {file, file.parent_path()}) {
    struct stat st{};
    if (::stat(path.c_str(), &st) != 0) return fail_errno("look at " + path.string());
    if (st.st_uid != ::geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
      return denied(fmt::format("no credential_process of {} is run: {} may be written by others",
                                file.string(), path.string()));
  }
  return {};
}

// "" where there is no such file.
Result<std::string> text_of(const os::Path& path) {
  auto text = os::read_file(path, file_bytes_max);
  if (!text && text.error().kind == ErrorKind::not_found) return std::string();
  return text;
}

}  // namespace

std::optional<ProfileKeys> parse_profile(std::string_view text, std::string_view name) {
  std::optional<ProfileKeys> out;
  bool is_here = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const std::string_view raw = text.substr(at, end - at), line = trimmed(raw);
    at = end + 1;
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.starts_with('[') && line.ends_with(']')) {
      is_here = trimmed(line.substr(1, line.size() - 2)) == name;
      if (is_here && !out) out.emplace();
      continue;
    }
    const auto equals = line.find('=');
    // What is indented belongs to a setting that has settings of its own.
    if (!is_here || equals == std::string_view::npos || raw[0] == ' ' || raw[0] == '\t') continue;
    const auto key = trimmed(line.substr(0, equals));
    const std::string value(trimmed(line.substr(equals + 1)));
    if (key == "aws_access_key_id") out->access_key = value;
    if (key == "aws_secret_access_key") out->secret_key = value;
    if (key == "aws_session_token") out->session_token = value;
    if (key == "credential_process") out->process = value;
  }
  return out;
}

Result<ProcessKeys> parse_process_output(std::string_view text) {
  auto told = TRY(wire::decode<ProcessOutput>(text));
  return ProcessKeys{{told.AccessKeyId, told.SecretAccessKey, told.SessionToken}, told.Expiration};
}

Profile::Profile(std::string name, std::string credentials_file, const Clock& clock)
    : name_(std::move(name)), clock_(clock) {
  const os::Path own = os::Path(home()) / ".aws";
  credentials_file_ = credentials_file.empty() ? own / "credentials" : os::Path(credentials_file);
  config_file_ = credentials_file_.parent_path() / "config";
}

Result<wire::Credentials> Profile::credentials() {
  const std::lock_guard lock(mutex_);
  const auto shared = parse_profile(TRY(text_of(credentials_file_)), name_);
  const std::string section = name_ == "default" ? name_ : "profile " + name_;
  const auto config = parse_profile(TRY(text_of(config_file_)), section);
  for (const auto* keys : {&shared, &config})
    if (*keys && !(*keys)->access_key.empty())
      return wire::Credentials{(*keys)->access_key, (*keys)->secret_key, (*keys)->session_token};
  for (const auto* keys : {&shared, &config})
    if (*keys && !(*keys)->process.empty()) {
      TRY(check_is_own(keys == &shared ? credentials_file_ : config_file_));
      return run_process((*keys)->process);
    }
  if (!shared && !config)
    return denied(fmt::format("there is no profile '{}' in {} and {}", name_,
                              credentials_file_.string(), config_file_.string()));
  return denied(fmt::format("the profile '{0}' of {1} has no keys: give it credential_process = "
                            "aws configure export-credentials --profile {0}",
                            name_, (config ? config_file_ : credentials_file_).string()));
}

Result<wire::Credentials> Profile::run_process(const std::string& command) {
  const auto soon = iso8601(clock_.now() + renew_before);
  if (kept_ && (kept_->expiration.empty() || kept_->expiration > soon)) return kept_->credentials;
  const os::Fd said(::memfd_create("credentials", MFD_CLOEXEC));
  if (!said) return fail_errno("make a file in memory");
  os::SpawnSpec spec;
  spec.program = "/bin/sh";
  spec.arguments = {"sh", "-c", command};
  spec.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                      "HOME=" + home()};
  spec.fds = {{said.get(), 1}};
  const os::Child child = TRY(os::spawn(spec));
  pollfd ended{child.pidfd.get(), POLLIN, 0};
  if (::poll(&ended, 1, process_ms_max) == 0) (void)os::send_signal(child, SIGKILL);
  const auto status = TRY(os::wait(child));
  const std::string doing = fmt::format("the credential_process of the profile '{}'", name_);
  if (status.code != 0 || status.signal != 0)
    return denied(fmt::format("{} ended with {}", doing,
                              status.signal ? "signal " + std::to_string(status.signal)
                                            : "exit code " + std::to_string(status.code)));
  auto keys = parse_process_output(
      TRY(os::read_file(fmt::format("/proc/self/fd/{}", said.get()), file_bytes_max)));
  if (!keys) return denied(doing + " printed no keys: " + keys.error().message);
  kept_ = std::move(*keys);
  return kept_->credentials;
}

}  // namespace trainyard::s3
