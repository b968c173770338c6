#pragma once
/// The service's settings: TOML, read whole and checked whole at start. No file is needed: every
/// member has its default. A wrong key or value is an error that names its line and the closest
/// valid one.

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard {

/// Sizes that override what the table, or the machine, says. Unset members do not.
struct SizeSettings {
  std::optional<double> cpus;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::int64_t> gpus;
};

/// `[[images]]`: the first whose `match` (a glob: * and ?) fits an image URI decides. It may name
/// an environment that is not of the settings, which is added while the service runs.
struct ImageRule {
  std::string match, environment;
};

/// `[file_systems.fs-0123456789abcdef0]`: what an EFS or FSx for Lustre id stands for here.
struct FileSystemSettings {
  std::string path;        ///< a directory of this machine
  std::string mount_name;  ///< FSx: the first part of every DirectoryPath; "" where none is cut off
};

/// `[buckets.NAME]`: a bucket that is not the store's own, and read only: a directory of this
/// machine, or a bucket of another S3. One of `path` and `endpoint` is set.
struct BucketSettings {
  std::string path;
  bool snapshot = false;  ///< a job sees the directory as it was at its start, in a copy

  std::string endpoint;  ///< "https://s3.eu-west-1.amazonaws.com"
  std::string bucket;    ///< its name there; NAME unless told
  std::string prefix;    ///< what stands before all keys there
  std::string region;    ///< to sign for; the service's own unless told
  std::string access_key_id, secret_access_key;
  std::string profile;           ///< of the AWS files, read again for each request
  std::string credentials_file;  ///< instead of ~/.aws/credentials
  std::string ca_bundle;         ///< PEM; whom TLS trusts, instead of this machine's authorities
};

/// `[[events]]`: a webhook that is told what happens to jobs.
struct WebhookSettings {
  std::string url;         ///< "https://HOST[:PORT][/PATH]", or http
  std::string secret;      ///< signs what is sent: 16 to 256 characters
  std::string jobs = "*";  ///< a glob: * and ?; of which jobs
  std::string ca_bundle;   ///< PEM; whom TLS trusts, instead of this machine's authorities
};
inline constexpr std::size_t webhooks_max = 16;

/// `[python]`: where packages of a job's requirements.txt come from.
struct PythonSettings {
  std::string index_url;   ///< instead of PyPI
  std::string find_links;  ///< a directory of this machine, or a URL
  bool offline = false;    ///< no index: find_links alone
};

/// `[queue]`: whose turn it is, and how much a user may hold.
struct QueueSettings {
  std::chrono::seconds half_life{86'400};  ///< what was used so long ago counts half
  std::map<std::string, double> shares;    ///< [queue.shares] kim = 2; 1 where none is told
  /// [queue.quotas.kim] "ml.p4d.24xlarge" = 1: instances at a time. "*" is every other user, or all
  /// types together.
  std::map<std::string, std::map<std::string, std::int64_t>> quotas;
};

/// `[listen] tls`: off loopback nothing else is spoken.
struct TlsSettings {
  bool is_on = false;
  std::string certificate, key;    ///< files in PEM; "" = made by the service's own authority
  std::vector<std::string> names;  ///< of this machine, beside those that it knows of itself
};

/// `[roles.NAME]`: what a job may touch whose RoleArn ends in NAME: "bucket/prefix", where every
/// key that begins with the prefix is meant, or "bucket", all of it. What may be written may not be
/// read by that.
struct RoleSettings {
  std::vector<std::string> read, write;
};

/// `[users.NAME]`: who that user is on this machine: whom the files are of that their jobs make on
/// file systems.
struct UserSettings {
  std::string unix_name;  ///< of an account of this machine, never root's
  std::uint32_t uid = 0, gid = 0;
};

/// The machine's own Python, which an image's rule may name like one of [environments].
inline constexpr const char* system_environment = "system Python";

/// What an environment that is added may be called: 1 to 64 letters, digits, '.', '_' and '-', with
/// a letter or digit first.
bool is_environment_name(std::string_view name);

struct Settings {
  std::string listen = "127.0.0.1:8430";  ///< [listen] address
  TlsSettings tls;                        ///< [listen] tls, certificate, key, names
  std::string account = "123456789012";   ///< account
  std::string region = "us-east-1";       ///< region
  bool strict = false;                    ///< refuse what the service would refuse
  bool strict_images = false;             ///< fail rather than take the closest environment
  bool strict_instances = false;          ///< fail rather than scale an instance down
  std::int64_t retries_after_loss =
      1;  ///< of jobs with a checkpoint location, after internal errors
  std::int64_t stop_grace_seconds = 120;  ///< from SIGTERM to SIGKILL, as on the service
  std::uint64_t log_limit_bytes = std::uint64_t(64) << 30;  ///< log_limit: kept of a job's log
  std::chrono::seconds retention{0};  ///< [retention] older: pruned daily; 0 = never
  std::int64_t sync_seconds = 10;     ///< at most so often checkpoints are copied while a job runs
  std::int64_t min_free_percent = 5;  ///< of the disk; below it no job begins
  SizeSettings machine;               ///< [machine] cpus, memory, gpus
  std::map<std::string, SizeSettings> instances;  ///< [instances."ml.p4d.24xlarge"]
  std::map<std::string, std::string>
      environments;  ///< [environments.NAME] python = "/venv/bin/python"
  std::vector<ImageRule> images;
  std::map<std::string, FileSystemSettings> file_systems;  ///< by id
  std::map<std::string, BucketSettings> buckets;
  std::uint64_t cache_bytes = std::uint64_t(100) << 30;  ///< [cache] size: of fetched contents
  PythonSettings python;
  QueueSettings queue;
  std::vector<WebhookSettings> events;
  std::map<std::string, std::string> caches;  ///< [caches] HF_HOME = "/a/directory"
  std::string sandbox_user = "trainyard";     ///< [sandbox] user, when the service is root
  std::vector<std::string> sandbox_mounts;    ///< [sandbox] mounts: more read-only directories
  std::map<std::string, RoleSettings>
      roles;  ///< [roles.NAME]; one that is not here is not narrowed
  std::map<std::string, UserSettings> users;  ///< [users.NAME] unix
};

/// What is wrong with the name of an instance type, in words, or "".
using InstanceTypeCheck = std::function<std::string(std::string_view type)>;

/// Parses the text of a settings file and looks at what it names on this machine: interpreters,
/// directories, the sandbox's user. `file` names it in errors; of several the first by line is
/// told.
Result<Settings> parse_settings(std::string_view text, const std::string& file,
                                const InstanceTypeCheck& instance_type = {});

}  // namespace trainyard
