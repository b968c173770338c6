#include "base/settings.hpp"

#include "base/closest.hpp"
#include "base/settings_values.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <functional>
#include <pwd.h>
#include <unistd.h>

namespace trainyard {
namespace {

constexpr double cpus_max = 1e6;
constexpr std::int64_t gpus_max = 1'000'000;

struct Reader {
  const std::string& file;
  const InstanceTypeCheck& instance_type;
  std::optional<Error> problem;
  unsigned line = 0;  // of the problem

  /// Of several problems the first by line is kept: tables come by name.
  void complain(const toml::node& node, std::string_view message) {
    const unsigned here = node.source().begin.line;
    if (problem && line <= here) return;
    line = here;
    problem =
        Error{ErrorKind::invalid, "InvalidSettings", fmt::format("{}:{}: {}", file, here, message)};
  }

  /// Reads each key of `table` by its reader; any other key is an error. False if there is one:
  /// what the table lacks is then not worth telling.
  using KeyReaders = std::map<std::string, std::function<void(const toml::node&)>, std::less<>>;
  bool read(const toml::node& node, std::string_view where, const KeyReaders& readers) {
    const toml::table* table = node.as_table();
    if (!table) return complain(node, fmt::format("[{}] must be a table", where)), false;
    bool are_known = true;
    std::vector<std::string_view> names;
    for (const auto& [name, reader] : readers)
      names.push_back(name);
    for (const auto& [key, value] : *table) {
      if (const auto it = readers.find(key.str()); it != readers.end()) {
        it->second(value);
        continue;
      }
      are_known = false;
      const std::string in = where.empty() ? "" : fmt::format(" in [{}]", where);
      complain(value, fmt::format("'{}' is no setting{}; did you mean '{}'?", key.str(), in,
                                  closest(key.str(), names)));
    }
    return are_known;
  }

  void text(const toml::node& node, std::string& out) {
    if (const auto v = node.value_exact<std::string>())
      out = *v;
    else
      complain(node, "must be a text in quotes");
  }
  /// A text that `rule` accepts.
  void ruled(const toml::node& node, Result<std::string> (*rule)(std::string_view),
             std::string& out) {
    const auto v = node.value_exact<std::string>();
    if (!v) return complain(node, "must be a text in quotes");
    if (auto value = rule(*v))
      out = std::move(*value);
    else
      complain(node, value.error().message);
  }
  void flag(const toml::node& node, bool& out) {
    if (const auto v = node.value_exact<bool>())
      out = *v;
    else
      complain(node, "must be true or false");
  }
  void bytes(const toml::node& node, std::uint64_t& out) {
    const auto v = node.value_exact<std::string>();
    const auto size = v ? parse_size(*v) : Result<std::uint64_t>(fail_internal(""));
    if (size && *size > 0)
      out = *size;
    else
      complain(node, "must be a size in quotes, as \"16GiB\"");
  }
  void age(const toml::node& node, std::chrono::seconds& out) {
    const auto v = node.value_exact<std::string>();
    const auto age = v ? parse_age(*v) : Result<std::chrono::seconds>(fail_internal(""));
    if (age)
      out = *age;
    else
      complain(node, "must be an age in quotes, as \"30d\"");
  }
  void whole(const toml::node& node, std::int64_t min, std::int64_t max, std::int64_t& out) {
    const auto v = node.value_exact<std::int64_t>();
    if (v && *v >= min && *v <= max)
      out = *v;
    else
      complain(node, fmt::format("must be a whole number from {} to {}", min, max));
  }
  void size(const toml::node& node, std::string_view where, SizeSettings& out) {
    read(node, where,
         {{"cpus",
           [&](const toml::node& n) {
             const auto v = n.value<double>();
             if (v && std::isfinite(*v) && *v > 0 && *v <= cpus_max)
               out.cpus = *v;
             else
               complain(n, "must be a number of cores above 0, as 4 or 0.5");
           }},
          {"memory", [&](const toml::node& n) { bytes(n, out.memory_bytes.emplace()); }},
          {"gpus", [&](const toml::node& n) { whole(n, 0, gpus_max, out.gpus.emplace()); }}});
  }
};

// A table whose keys are names the user chose.
void each_named(Reader& r, const toml::node& node, std::string_view where,
                const std::function<void(const std::string&, const toml::node&)>& read) {
  const toml::table* table = node.as_table();
  if (!table) return r.complain(node, fmt::format("[{}] must be a table", where));
  for (const auto& [key, value] : *table)
    read(std::string(key.str()), value);
}

void read_images(Reader& r, const toml::node& node, Settings& out) {
  const toml::array* array = node.as_array();
  if (!array) return r.complain(node, "write [[images]], with two brackets, before each rule");
  for (const auto& item : *array) {
    ImageRule& rule = out.images.emplace_back();
    r.read(item, "[images]",
           {{"match", [&](const toml::node& n) { r.text(n, rule.match); }},
            {"environment", [&](const toml::node& n) { r.text(n, rule.environment); }}});
    if (rule.match.empty() || rule.environment.empty())
      r.complain(item, "an [[images]] rule needs match and environment");
  }
}

// What two names have in common that differ by a slip, "Troch 2" and "torch-2": their letters in
// any order, and their digits.
std::string slips_of(std::string_view name) {
  std::string letters, digits;
  for (const char c : name) {
    if (std::isdigit(static_cast<unsigned char>(c)))
      digits += c;
    else if (std::isalpha(static_cast<unsigned char>(c)))
      letters += char(std::tolower(static_cast<unsigned char>(c)));
  }
  std::sort(letters.begin(), letters.end());
  return letters + digits;
}

// A rule names an environment of the file, the machine's own Python, or one that is added later,
// whose name nobody would take for one of these.
void check_images(Reader& r, const toml::node& node, const Settings& settings) {
  std::vector<std::string_view> names;
  for (const auto& [name, python] : settings.environments)
    names.push_back(name);
  names.push_back(system_environment);
  for (std::size_t i = 0; i < settings.images.size(); ++i) {
    const std::string& name = settings.images[i].environment;
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    for (const auto& known : names)
      if (slips_of(known) == slips_of(name))
        r.complain((*node.as_array())[i],
                   fmt::format("'{}' is none of [environments]; did you mean '{}'?", name, known));
    if (!is_environment_name(name))
      r.complain((*node.as_array())[i],
                 fmt::format("'{}' is none of [environments], and no name that `trainyard envs "
                             "add` takes; did you mean '{}'?",
                             name, closest(name, names)));
  }
}

void read_python(Reader& r, const toml::node& node, std::string& out) {
  r.text(node, out);
  const std::filesystem::path path(out);
  std::error_code ec;
  if (path.is_relative() || !std::filesystem::is_regular_file(path, ec) ||
      ::access(path.c_str(), X_OK) != 0)
    r.complain(node, fmt::format("'{}' is no program of this machine: write the whole path of an "
                                 "interpreter, as /venv/bin/python",
                                 out));
}

void read_environment(Reader& r, const std::string& name, const toml::node& node, Settings& out) {
  std::string& python = out.environments[name];
  const bool are_known =
      r.read(node, "environments." + name,
             {{"python", [&](const toml::node& n) { read_python(r, n, python); }}});
  if (are_known && python.empty())
    r.complain(node, "an environment needs python = \"/path/to/bin/python\"");
}

// A directory of this machine below its root, or a complaint. "/data/./x/" is kept as "/data/x":
// paths are held against one another as texts.
void read_directory(Reader& r, const toml::node& node, std::string& out) {
  r.text(node, out);
  const std::filesystem::path given(out), path = given.lexically_normal();
  std::error_code ec;
  if (path.is_relative() || path == path.root_path())
    return r.complain(node, fmt::format("'{}' is no directory below /: write its whole path", out));
  if (!std::filesystem::is_directory(given, ec))
    return r.complain(node, fmt::format("'{}' is no directory of this machine: make it, or mend "
                                        "the path",
                                        out));
  if (!std::filesystem::equivalent(given, path, ec))
    return r.complain(node, fmt::format("'{}' goes back behind a link: write the path that it "
                                        "leads to",
                                        out));
  out = path.has_filename() ? path.string() : path.parent_path().string();
}

bool is_file_system_id(std::string_view id) {
  constexpr std::string_view front = "fs-";
  return id.starts_with(front) && id.size() > front.size() &&
         id.find_first_not_of("0123456789abcdef", front.size()) == std::string_view::npos;
}

void read_file_system(Reader& r, const std::string& id, const toml::node& node, Settings& out) {
  if (!is_file_system_id(id))
    return r.complain(node, fmt::format("'{}' is no file system's id: write fs- and hexadecimal "
                                        "digits, as fs-0123456789abcdef0",
                                        id));
  FileSystemSettings& file_system = out.file_systems[id];
  const bool are_known =
      r.read(node, "file_systems." + id,
             {{"path", [&](const toml::node& n) { read_directory(r, n, file_system.path); }},
              {"mount_name", [&](const toml::node& n) { r.text(n, file_system.mount_name); }}});
  if (are_known && file_system.path.empty())
    r.complain(node, "a file system needs path = \"/a/directory\"");
  if (file_system.mount_name.find('/') != std::string::npos)
    r.complain(node, "mount_name is one part of a path, without slashes");
}

bool is_bucket_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos;
}

void read_file_path(Reader& r, const toml::node& node, std::string& out) {
  r.text(node, out);
  std::error_code ec;
  if (!out.starts_with('/') || !std::filesystem::is_regular_file(out, ec))
    r.complain(node, fmt::format("'{}' is no file of this machine: write its whole path", out));
}

// Kept also where it is wrong: that a bucket lacks one is not to be told then.
void read_endpoint_url(Reader& r, const toml::node& node, std::string& out) {
  r.text(node, out);
  if (const auto url = read_endpoint(out); !url) r.complain(node, url.error().message);
}

std::string wrong_in(const BucketSettings& bucket) {
  const bool is_remote = !bucket.endpoint.empty();
  if (is_remote != bucket.path.empty())
    return "a bucket needs path = \"/a/directory\", or endpoint = \"https://HOST\", and not both";
  const bool has_more = !bucket.prefix.empty() || !bucket.profile.empty() ||
                        !bucket.access_key_id.empty() || !bucket.secret_access_key.empty();
  if (!is_remote && has_more) return "a directory has no prefix, profile or keys";
  if (is_remote && bucket.snapshot) return "snapshot is for directories: an S3 is always fetched";
  if (bucket.access_key_id.empty() != bucket.secret_access_key.empty())
    return "access_key_id and secret_access_key go together";
  if (!bucket.access_key_id.empty() && !bucket.profile.empty())
    return "name a profile or keys, not both";
  return "";
}

void read_bucket(Reader& r, const std::string& name, const toml::node& node, Settings& out) {
  if (!is_bucket_name(name))
    return r.complain(node, fmt::format("'{}' is no bucket's name: 3 to 63 of a-z, 0-9, '-' and "
                                        "'.'",
                                        name));
  BucketSettings& b = out.buckets[name];
  const bool are_known = r.read(
      node, "buckets." + name,
      {{"path", [&](const toml::node& n) { read_directory(r, n, b.path); }},
       {"snapshot", [&](const toml::node& n) { r.flag(n, b.snapshot); }},
       {"endpoint", [&](const toml::node& n) { read_endpoint_url(r, n, b.endpoint); }},
       {"bucket", [&](const toml::node& n) { r.text(n, b.bucket); }},
       {"prefix", [&](const toml::node& n) { r.text(n, b.prefix); }},
       {"region", [&](const toml::node& n) { r.text(n, b.region); }},
       {"access_key_id", [&](const toml::node& n) { r.text(n, b.access_key_id); }},
       {"secret_access_key", [&](const toml::node& n) { r.text(n, b.secret_access_key); }},
       {"profile", [&](const toml::node& n) { r.text(n, b.profile); }},
       {"credentials_file", [&](const toml::node& n) { read_file_path(r, n, b.credentials_file); }},
       {"ca_bundle", [&](const toml::node& n) { read_file_path(r, n, b.ca_bundle); }}});
  if (b.bucket.empty()) b.bucket = name;
  if (const auto wrong = wrong_in(b); are_known && !wrong.empty()) r.complain(node, wrong);
}

bool is_variable_name(std::string_view name) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_", digits = "0123456789";
  return !name.empty() && name.size() <= 64 && letters.find(name[0]) != std::string_view::npos &&
         name.find_first_not_of(std::string(letters) + std::string(digits)) ==
             std::string_view::npos;
}

void read_cache(Reader& r, const std::string& name, const toml::node& node, Settings& out) {
  if (!is_variable_name(name))
    return r.complain(node, fmt::format("'{}' is no variable's name: write it as HF_HOME or "
                                        "TORCH_HOME",
                                        name));
  read_directory(r, node, out.caches[name]);
}

void read_find_links(Reader& r, const toml::node& node, std::string& out) {
  r.text(node, out);
  if (!out.starts_with("http://") && !out.starts_with("https://")) read_directory(r, node, out);
}

// Kept also where it is wrong: that a webhook lacks one is not to be told then.
void read_webhook_url(Reader& r, const toml::node& node, std::string& out) {
  r.text(node, out);
  if (const auto url = read_url(out); !url) r.complain(node, url.error().message);
}

void read_secret(Reader& r, const toml::node& node, std::string& out) {
  r.text(node, out);
  if (out.size() < 16 || out.size() > 256)
    r.complain(node, "a secret has 16 to 256 characters: make one with openssl rand -hex 32");
}

void read_webhook(Reader& r, const toml::node& node, Settings& out) {
  WebhookSettings w;
  const bool are_known =
      r.read(node, "[events]",
             {{"url", [&](const toml::node& n) { read_webhook_url(r, n, w.url); }},
              {"secret", [&](const toml::node& n) { read_secret(r, n, w.secret); }},
              {"jobs", [&](const toml::node& n) { r.text(n, w.jobs); }},
              {"ca_bundle", [&](const toml::node& n) { read_file_path(r, n, w.ca_bundle); }}});
  const bool is_twice = std::any_of(out.events.begin(), out.events.end(),
                                    [&](const auto& other) { return other.url == w.url; });
  if (are_known && (w.url.empty() || w.secret.empty()))
    r.complain(node, "[[events]] needs url = \"https://HOST/PATH\" and a secret: make one with "
                     "openssl rand -hex 32");
  else if (is_twice)
    r.complain(node, fmt::format("'{}' is told of events by another [[events]] already: widen the "
                                 "jobs of that one",
                                 w.url));
  out.events.push_back(std::move(w));
}

void read_webhooks(Reader& r, const toml::node& node, Settings& out) {
  const toml::array* array = node.as_array();
  if (!array) return r.complain(node, "write [[events]], with two brackets, before each webhook");
  for (const auto& item : *array)
    read_webhook(r, item, out);
  if (out.events.size() > webhooks_max)
    r.complain(node, fmt::format("at most {} [[events]]: let one of them pass on what it is told",
                                 webhooks_max));
}

void read_python_settings(Reader& r, const toml::node& node, PythonSettings& out) {
  r.read(node, "python",
         {{"index_url", [&](const toml::node& n) { r.text(n, out.index_url); }},
          {"find_links", [&](const toml::node& n) { read_find_links(r, n, out.find_links); }},
          {"offline", [&](const toml::node& n) { r.flag(n, out.offline); }}});
}

void read_mounts(Reader& r, const toml::node& node, Settings& out) {
  const toml::array* array = node.as_array();
  if (!array) return r.complain(node, "must be a list of texts");
  for (const auto& item : *array)
    read_directory(r, item, out.sandbox_mounts.emplace_back());
}

// Only a service that is root becomes another user.
void read_user(Reader& r, const toml::node& node, Settings& out) {
  r.text(node, out.sandbox_user);
  if (::geteuid() != 0) return;
  const passwd* entry = ::getpwnam(out.sandbox_user.c_str());
  if (!entry)
    r.complain(node, fmt::format("there is no user '{0}' on this machine: make it (useradd "
                                 "--system --no-create-home {0}) or name another",
                                 out.sandbox_user));
  else if (entry->pw_uid == 0)
    r.complain(node, "no job runs as root: name another user");
}

void read_texts(Reader& r, const toml::node& node, std::vector<std::string>& out,
                const std::function<std::string(std::string_view)>& wrong) {
  const toml::array* array = node.as_array();
  if (!array) return r.complain(node, "must be a list of texts");
  for (const auto& item : *array) {
    r.text(item, out.emplace_back());
    if (const auto said = wrong(out.back()); !said.empty()) r.complain(item, said);
  }
}

std::string wrong_host(std::string_view name) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
  const bool is_good = !name.empty() && name.size() <= 253 && name[0] != '.' && name[0] != '-' &&
                       name.find_first_not_of(letters) == std::string_view::npos;
  return is_good ? ""
                 : fmt::format("'{}' is no host: write a name or an IPv4 address, as "
                               "gpu.example.org, without a port",
                               name);
}

void read_listen(Reader& r, const toml::node& node, Settings& out) {
  TlsSettings& tls = out.tls;
  r.read(node, "listen",
         {{"address", [&](const toml::node& n) { r.ruled(n, read_address, out.listen); }},
          {"tls", [&](const toml::node& n) { r.flag(n, tls.is_on); }},
          {"certificate", [&](const toml::node& n) { read_file_path(r, n, tls.certificate); }},
          {"key", [&](const toml::node& n) { read_file_path(r, n, tls.key); }},
          {"names", [&](const toml::node& n) { read_texts(r, n, tls.names, wrong_host); }}});
  if (tls.certificate.empty() != tls.key.empty())
    r.complain(node, "certificate and key go together");
  if (!tls.is_on && !(tls.certificate.empty() && tls.names.empty()))
    r.complain(node, "certificate, key and names are for tls = true");
}

std::string wrong_prefix(std::string_view text) {
  if (is_bucket_name(text.substr(0, text.find('/')))) return "";
  return fmt::format("'{}' is no place: write bucket/prefix, as my-bucket/kim/, without s3://",
                     text);
}

void read_role(Reader& r, const std::string& name, const toml::node& node, Settings& out) {
  RoleSettings& role = out.roles[name];
  r.read(node, "roles." + name,
         {{"read", [&](const toml::node& n) { read_texts(r, n, role.read, wrong_prefix); }},
          {"write", [&](const toml::node& n) { read_texts(r, n, role.write, wrong_prefix); }}});
  if (name.find('/') != std::string::npos)
    r.complain(node, fmt::format("'{}' is no role's name: write what stands behind the last '/' of "
                                 "its ARN",
                                 name));
}

void read_unix_name(Reader& r, const toml::node& node, UserSettings& out) {
  r.text(node, out.unix_name);
  const passwd* entry = ::getpwnam(out.unix_name.c_str());
  if (!entry)
    return r.complain(node, fmt::format("there is no user '{}' on this machine (getent passwd "
                                        "lists them)",
                                        out.unix_name));
  if (entry->pw_uid == 0) r.complain(node, "no job's files are root's: name another user");
  out.uid = entry->pw_uid;
  out.gid = entry->pw_gid;
}

void read_roles(Reader& r, const toml::node& node, Settings& out) {
  each_named(r, node, "roles", [&](const std::string& name, const toml::node& value) {
    read_role(r, name, value, out);
  });
}

void read_users(Reader& r, const toml::node& node, Settings& out) {
  each_named(r, node, "users", [&](const std::string& name, const toml::node& value) {
    UserSettings& user = out.users[name];
    const bool are_known =
        r.read(value, "users." + name,
               {{"unix", [&](const toml::node& n) { read_unix_name(r, n, user); }}});
    if (are_known && user.unix_name.empty()) r.complain(value, "a user needs unix = \"ACCOUNT\"");
  });
}

void read_instances(Reader& r, const toml::node& node, Settings& out) {
  each_named(r, node, "instances", [&](const std::string& type, const toml::node& value) {
    r.size(value, "instances." + type, out.instances[type]);
    const std::string wrong = r.instance_type ? r.instance_type(type) : "";
    if (!wrong.empty()) r.complain(value, wrong);
  });
}

void read_share(Reader& r, const toml::node& node, double& out) {
  out = node.value<double>().value_or(0);
  if (!(out > 0 && out <= 1'000'000)) r.complain(node, "must be a number above 0, at most 1000000");
}

void read_quotas(Reader& r, const std::string& user, const toml::node& node, QueueSettings& out) {
  constexpr std::int64_t instances_max = 1'000'000;
  each_named(
      r, node, "queue.quotas." + user, [&](const std::string& type, const toml::node& value) {
        r.whole(value, 0, instances_max, out.quotas[user][type]);
        const std::string wrong = r.instance_type && type != "*" ? r.instance_type(type) : "";
        if (!wrong.empty()) r.complain(value, wrong);
      });
}

void read_queue(Reader& r, const toml::node& node, QueueSettings& out) {
  r.read(node, "queue",
         {{"half_life", [&](const toml::node& n) { r.age(n, out.half_life); }},
          {"shares",
           [&](const toml::node& n) {
             each_named(r, n, "queue.shares", [&](const std::string& user, const toml::node& v) {
               read_share(r, v, out.shares[user]);
             });
           }},
          {"quotas", [&](const toml::node& n) {
             each_named(r, n, "queue.quotas", [&](const std::string& user, const toml::node& v) {
               read_quotas(r, user, v, out);
             });
           }}});
}

void read_retry(Reader& r, const toml::node& node, std::int64_t& losses_max) {
  r.read(node, "[retry]",
         {{"lost_machine", [&](const toml::node& n) { r.whole(n, 0, 30, losses_max); }}});
}

void read_all(Reader& r, const toml::table& root, Settings& out) {
  r.read(
      root, "",
      {{"account", [&](const toml::node& n) { r.ruled(n, read_account, out.account); }},
       {"region", [&](const toml::node& n) { r.ruled(n, read_region, out.region); }},
       {"strict", [&](const toml::node& n) { r.flag(n, out.strict); }},
       {"strict_images", [&](const toml::node& n) { r.flag(n, out.strict_images); }},
       {"strict_instances", [&](const toml::node& n) { r.flag(n, out.strict_instances); }},
       {"retry", [&](const toml::node& n) { read_retry(r, n, out.retries_after_loss); }},
       {"stop_grace_seconds",
        [&](const toml::node& n) { r.whole(n, 1, 3600, out.stop_grace_seconds); }},
       {"sync_seconds", [&](const toml::node& n) { r.whole(n, 1, 3600, out.sync_seconds); }},
       {"min_free_percent", [&](const toml::node& n) { r.whole(n, 0, 99, out.min_free_percent); }},
       {"log_limit", [&](const toml::node& n) { r.bytes(n, out.log_limit_bytes); }},
       {"listen", [&](const toml::node& n) { read_listen(r, n, out); }},
       {"roles", [&](const toml::node& n) { read_roles(r, n, out); }},
       {"users", [&](const toml::node& n) { read_users(r, n, out); }},
       {"machine", [&](const toml::node& n) { r.size(n, "machine", out.machine); }},
       {"instances", [&](const toml::node& n) { read_instances(r, n, out); }},
       {"environments",
        [&](const toml::node& n) {
          each_named(r, n, "environments", [&](const std::string& name, const toml::node& v) {
            read_environment(r, name, v, out);
          });
        }},
       {"images", [&](const toml::node& n) { read_images(r, n, out); }},
       {"events", [&](const toml::node& n) { read_webhooks(r, n, out); }},
       {"queue", [&](const toml::node& n) { read_queue(r, n, out.queue); }},
       {"python", [&](const toml::node& n) { read_python_settings(r, n, out.python); }},
       {"caches",
        [&](const toml::node& n) {
          each_named(r, n, "caches", [&](const std::string& name, const toml::node& v) {
            read_cache(r, name, v, out);
          });
        }},
       {"buckets",
        [&](const toml::node& n) {
          each_named(r, n, "buckets", [&](const std::string& name, const toml::node& v) {
            read_bucket(r, name, v, out);
          });
        }},
       {"cache",
        [&](const toml::node& n) {
          r.read(n, "cache", {{"size", [&](const toml::node& s) { r.bytes(s, out.cache_bytes); }}});
        }},
       {"retention",
        [&](const toml::node& n) {
          r.read(n, "retention",
                 {{"older", [&](const toml::node& a) { r.age(a, out.retention); }}});
        }},
       {"file_systems",
        [&](const toml::node& n) {
          each_named(r, n, "file_systems", [&](const std::string& id, const toml::node& v) {
            read_file_system(r, id, v, out);
          });
        }},
       {"sandbox", [&](const toml::node& n) {
          r.read(n, "sandbox",
                 {{"user", [&](const toml::node& u) { read_user(r, u, out); }},
                  {"mounts", [&](const toml::node& m) { read_mounts(r, m, out); }}});
        }}});
  if (const toml::node* images = root.get("images"); images && images->is_array())
    check_images(r, *images, out);
}

}  // namespace

bool is_environment_name(std::string_view name) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !name.empty() && name.size() <= 64 && letters.find(name[0]) < letters.size() - 3 &&
         name.find_first_not_of(letters) == std::string_view::npos;
}

Result<Settings> parse_settings(std::string_view text, const std::string& file,
                                const InstanceTypeCheck& instance_type) {
  Settings out;
  Reader reader{file, instance_type, {}};
  try {
    read_all(reader, toml::parse(text), out);
  } catch (const toml::parse_error& e) {
    return fail(ErrorKind::invalid, "InvalidSettings",
                fmt::format("{}:{}: {}", file, e.source().begin.line, e.description()));
  }
  if (reader.problem) return Failure(*reader.problem);
  return out;
}

}  // namespace trainyard
