#include "base/closest.hpp"
#include "base/default_bucket.hpp"
#include "base/settings.hpp"
#include "base/settings_values.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>

namespace trainyard {
namespace {

std::string error_of(std::string_view text) {
  const auto r = parse_settings(text, "t.toml");
  return r ? "" : r.error().message;
}

TEST_CASE("an empty file is the defaults") {
  const auto s = parse_settings("", "t.toml");
  REQUIRE(s);
  CHECK(s->listen == "127.0.0.1:8430");
  CHECK(s->account == "123456789012");
  CHECK(s->min_free_percent == 5);
}

TEST_CASE("every setting is read") {
  const auto s = parse_settings(R"(
account = "000000000001"
strict_images = true
stop_grace_seconds = 5
log_limit = "1GiB"
[machine]
cpus = 1.5
memory = "16GiB"
[instances."ml.p4d.24xlarge"]
gpus = 2
[environments.mine]
python = "/bin/sh"
[[images]]
match = "*/my:*"
environment = "mine"
[sandbox]
mounts = ["/usr"]
)",
                                "t.toml");
  REQUIRE(s);
  CHECK(s->strict_images);
  CHECK(s->stop_grace_seconds == 5);
  CHECK(s->log_limit_bytes == 1u << 30);
  CHECK(*s->machine.cpus == 1.5);
  CHECK(*s->machine.memory_bytes == 16ull << 30);
  CHECK(*s->instances.at("ml.p4d.24xlarge").gpus == 2);
  CHECK(s->environments.at("mine") == "/bin/sh");
  CHECK(s->images.at(0).environment == "mine");
  CHECK(s->sandbox_mounts.at(0) == "/usr");
}

TEST_CASE("webhooks are told of events") {
  const auto s = parse_settings(R"(
[[events]]
url = "https://hooks.example.com/trainyard?team=1"
secret = "0123456789abcdef"
jobs = "prod-*"
[[events]]
url = "http://127.0.0.1:9000"
secret = "0123456789abcdef"
)",
                                "t.toml");
  REQUIRE(s);
  REQUIRE(s->events.size() == 2);
  CHECK(s->events[0].url == "https://hooks.example.com/trainyard?team=1");
  CHECK(s->events[0].jobs == "prod-*");
  CHECK(s->events[1].jobs == "*");
  const std::string good = "[[events]]\nurl = \"http://h/\"\nsecret = \"0123456789abcdef\"\n";
  CHECK(error_of("[events]\nurl = \"http://h/\"") ==
        "t.toml:1: write [[events]], with two brackets, before each webhook");
  CHECK(error_of("[[events]]\nurl = \"http://h/\"").find("t.toml:1: [[events]] needs url") == 0);
  CHECK(error_of("[[events]]\nurl = \"http://h/\"\nsecret = \"short\"") ==
        "t.toml:3: a secret has 16 to 256 characters: make one with openssl rand -hex 32");
  CHECK(error_of(good + "job = \"x\"").find("did you mean 'jobs'?") != std::string::npos);
  CHECK(error_of(good + good).find("t.toml:4: 'http://h/' is told of events by another") == 0);
  for (const char* url : {"h/x", "ftp://h/x", "http://me:secret@h/x", "http://h/a b", "http:///x"})
    CHECK(error_of(fmt::format("[[events]]\nurl = \"{}\"\nsecret = \"0123456789abcdef\"", url))
              .find("t.toml:2: '") == 0);
}

TEST_CASE("the queue's shares and quotas are of users and instance types") {
  const auto s = parse_settings(R"(
[queue]
half_life = "12h"
[queue.shares]
kim = 2
lab = 0.5
[queue.quotas."*"]
"*" = 4
[queue.quotas.kim]
"ml.p4d.24xlarge" = 1
)",
                                "t.toml");
  REQUIRE(s);
  CHECK(s->queue.half_life == std::chrono::hours(12));
  CHECK(s->queue.shares == std::map<std::string, double>{{"kim", 2}, {"lab", 0.5}});
  CHECK(s->queue.quotas.at("*").at("*") == 4);
  CHECK(s->queue.quotas.at("kim").at("ml.p4d.24xlarge") == 1);
  CHECK(error_of("[queue.shares]\nkim = 0") ==
        "t.toml:2: must be a number above 0, at most 1000000");
  CHECK(error_of("[queue.quotas.kim]\n\"*\" = -1") != "");
}

TEST_CASE("a bucket is a directory or another S3's") {
  const auto s = parse_settings(R"(
[buckets.data]
path = "/usr"
snapshot = true
[buckets.corp-data]
endpoint = "https://s3.eu-west-1.amazonaws.com"
profile = "work"
[buckets.lake]
endpoint = "http://minio:9000"
bucket = "other"
prefix = "a/"
access_key_id = "k"
secret_access_key = "s"
[cache]
size = "1GiB"
[retention]
older = "30d"
)",
                                "t.toml");
  REQUIRE(s);
  CHECK(s->buckets.at("data").path == "/usr");
  CHECK(s->buckets.at("data").snapshot);
  CHECK(s->buckets.at("corp-data").bucket == "corp-data");
  CHECK(s->buckets.at("lake").bucket == "other");
  CHECK(s->cache_bytes == 1u << 30);
  CHECK(s->retention == std::chrono::hours(720));
  const auto of = [](const char* bucket) {
    return error_of(std::string("[buckets.abc]\n") + bucket);
  };
  CHECK(of("").find("a bucket needs path = ") != std::string::npos);
  CHECK(of("path = '/usr'\nendpoint = 'http://h'").find("and not both") != std::string::npos);
  CHECK(of("path = '/usr'\nprefix = 'a'").find("a directory has no prefix") != std::string::npos);
  CHECK(of("endpoint = 'http://h'\nsnapshot = true").find("is for directories") !=
        std::string::npos);
  CHECK(of("endpoint = 'http://h'\naccess_key_id = 'k'").find("go together") != std::string::npos);
  CHECK(of("endpoint = 'h:9000'").find("write https://HOST") != std::string::npos);
  CHECK(of("endpoint = 'http://h/path'").find("without a path") != std::string::npos);
  CHECK(of("endpoint = 'http://h:99999'").find("write https://HOST") != std::string::npos);
  CHECK(of("path = '/no/such'").find("is no directory of this machine") != std::string::npos);
  CHECK(of("endpoint = 'https://h'\nca_bundle = '/no'").find("is no file of this machine") !=
        std::string::npos);
  // A key that is meant for another one is worth more than what lacks for it.
  CHECK(of("pth = '/usr'").find("'pth' is no setting in [buckets.") != std::string::npos);
  CHECK(error_of("[file_systems.fs-1]\npth = '/usr'").find(":2: 'pth' is no setting") !=
        std::string::npos);
  CHECK(error_of("[environments.e]\npyton = '/usr'").find(":2: 'pyton' is no setting") !=
        std::string::npos);
  CHECK(error_of("[buckets.Up]\npath = '/usr'").find("is no bucket's name") != std::string::npos);
  CHECK(error_of("[retention]\nolder = '30'").find("as \"30d\"") != std::string::npos);
}

TEST_CASE("an age is days or hours") {
  CHECK(*parse_age("1h") == std::chrono::hours(1));
  CHECK(*parse_age("3650d") == std::chrono::hours(87'600));
  for (const char* bad :
       {"", "d", "1", "0d", "-1d", "1m", "1.5d", "1d ", "3651d", "99999999999999999999d"})
    CHECK(parse_age(bad).error().message.find("write days or hours") != std::string::npos);
}

// SEMANTICS A20
TEST_CASE("a wrong key is named with its line and the closest valid one") {
  CHECK(error_of("\n[machine]\ncpu = 2\n") ==
        "t.toml:3: 'cpu' is no setting in [machine]; did you mean 'cpus'?");
  CHECK(error_of("strict_image = true") ==
        "t.toml:1: 'strict_image' is no setting; did you mean 'strict_images'?");
}

// SEMANTICS A20
TEST_CASE("a wrong value is named with its line and what is accepted") {
  CHECK(error_of("[machine]\nmemory = \"lots\"") ==
        "t.toml:2: must be a size in quotes, as \"16GiB\"");
  CHECK(error_of("strict = true\n\naccount = 'x'") ==
        "t.toml:3: account must be twelve digits, as 123456789012, not 'x'");
  CHECK(error_of("region = 'us-eats-1'") ==
        "t.toml:1: 'us-eats-1' is no region of AWS; did you mean 'us-east-1'?");
  CHECK(error_of("strict = ").starts_with("t.toml:1: "));
  CHECK(error_of("[sandbox]\nuser = 7\n") == "t.toml:2: must be a text in quotes");
}

// SEMANTICS A20
TEST_CASE("of several wrong things the first by line is told") {
  CHECK(error_of("strict = 1\naccount = 'x'\n").starts_with("t.toml:1: "));
  CHECK(error_of("[sandbox]\nmounts = ['x']\n[machine]\ncpus = 0\n").starts_with("t.toml:2: "));
}

// SEMANTICS A20
TEST_CASE("sizes are finite and above 0") {
  for (const char* cpus : {"inf", "nan", "-inf", "0", "-1", "1e300", "'4'"})
    CHECK(error_of(std::string("[machine]\ncpus = ") + cpus)
              .starts_with("t.toml:2: must be a number of cores"));
  for (const char* memory : {"'0'", "'0GiB'", "16", "'99999999999TiB'"})
    CHECK(error_of(std::string("[machine]\nmemory = ") + memory)
              .starts_with("t.toml:2: must be a size"));
  CHECK(error_of("log_limit = '0'").starts_with("t.toml:1: must be a size"));
  CHECK(error_of("stop_grace_seconds = 0") == "t.toml:1: must be a whole number from 1 to 3600");
  CHECK(error_of("[machine]\ngpus = -1").starts_with("t.toml:2: must be a whole number from 0"));
}

// SEMANTICS A20
TEST_CASE("a rule names an environment that there is, or may be") {
  const std::string rules = "[environments.torch-2]\npython = '/bin/sh'\n[[images]]\nmatch = '*'\n";
  CHECK(error_of(rules + "environment = 'torch2'") ==
        "t.toml:3: 'torch2' is none of [environments]; did you mean 'torch-2'?");
  CHECK(error_of(rules + "environment = 'TROCH_2'") ==
        "t.toml:3: 'TROCH_2' is none of [environments]; did you mean 'torch-2'?");
  CHECK(error_of(rules + "environment = 'system python'") ==
        "t.toml:3: 'system python' is none of [environments]; did you mean 'system Python'?");
  CHECK(error_of(rules + "environment = 'my torch'") ==
        "t.toml:3: 'my torch' is none of [environments], and no name that `trainyard envs add` "
        "takes; did you mean 'torch-2'?");
  CHECK(error_of(rules + "environment = 'torch-2'").empty());
  CHECK(error_of(rules + "environment = 'torch-3'").empty());  // may be added later
  CHECK(error_of(rules + "environment = 'system Python'").empty());
}

// SEMANTICS A20
TEST_CASE("what is named on this machine is there") {
  for (const char* python : {"/no/python", "/usr", "bin/sh", "/etc/passwd"})
    CHECK(error_of(std::string("[environments.x]\npython = '") + python + "'")
              .starts_with("t.toml:2: '" + std::string(python) + "' is no program"));
  for (const char* mount : {"/no/directory", "usr", "/", "/etc/passwd"})
    CHECK(error_of(std::string("[sandbox]\nmounts = ['/usr', '") + mount + "']")
              .starts_with("t.toml:2: '" + std::string(mount) + "' is no directory"));
}

// SEMANTICS D27, A20
TEST_CASE("a directory has one path, however it is written") {
  for (const char* path :
       {"/usr/bin", "/usr/bin/", "/usr//bin", "/usr/./bin/.", "/usr/lib/../bin"}) {
    CAPTURE(path);
    const auto s = parse_settings(std::string("[buckets.abc]\npath = '") + path + "'", "t.toml");
    REQUIRE(s);
    CHECK(s->buckets.at("abc").path == "/usr/bin");
  }
  for (const char* root : {"//", "/.", "/usr/.."})
    CHECK(error_of(std::string("[buckets.abc]\npath = '") + root + "'")
              .find("is no directory below /") != std::string::npos);
  CHECK(error_of("[buckets.abc]\npath = '/proc/self/cwd/..'").find("goes back behind a link") !=
        std::string::npos);
}

// SEMANTICS A20, D18, E11, T22
TEST_CASE("file systems, caches and packages are named as they can be") {
  const auto settings = parse_settings(
      "[file_systems.fs-1]\npath = '/usr'\nmount_name = 'm'\n[caches]\nHF_HOME = '/usr'\n"
      "[python]\nindex_url = 'https://h/simple'\nfind_links = '/usr'\noffline = true",
      "t.toml");
  REQUIRE(settings);
  CHECK(settings->file_systems.at("fs-1").path == "/usr");
  CHECK(settings->file_systems.at("fs-1").mount_name == "m");
  CHECK(settings->caches.at("HF_HOME") == "/usr");
  CHECK(settings->python.offline);
  CHECK(error_of("[file_systems.efs]\npath = '/usr'")
            .starts_with("t.toml:1: 'efs' is no file system's id"));
  CHECK(error_of("[file_systems.fs-xyz]\npath = '/usr'").find("no file system's id") !=
        std::string::npos);
  CHECK(error_of("[file_systems.fs-1]\nmount_name = 'm'").find("needs path") != std::string::npos);
  CHECK(
      error_of("[file_systems.fs-1]\npath = '/no/such'").starts_with("t.toml:2: '/no/such' is no"));
  CHECK(error_of("[file_systems.fs-1]\npath = '/usr'\nmount_name = 'a/b'")
            .find("one part of a path") != std::string::npos);
  CHECK(error_of("[caches]\nhf-home = '/usr'").starts_with("t.toml:2: 'hf-home' is no variable"));
  CHECK(error_of("[caches]\nHF_HOME = '/no'").starts_with("t.toml:2: '/no' is no directory"));
  CHECK(error_of("[python]\nfind_links = 'wheels'")
            .starts_with("t.toml:2: 'wheels' is no directory"));
  CHECK(parse_settings("[python]\nfind_links = 'https://h/w'", "t.toml"));
}

// SEMANTICS A20
TEST_CASE("instance types are checked by whoever knows them") {
  const auto knows = [](std::string_view type) {
    return type == "ml.a" ? std::string() : std::string(type) + " is none";
  };
  CHECK(parse_settings("[instances.'ml.a']\ncpus = 1", "t.toml", knows));
  CHECK(parse_settings("\n[instances.'ml.b']\ncpus = 1", "t.toml", knows).error().message ==
        "t.toml:2: ml.b is none");
}

// SEMANTICS A20
TEST_CASE("an address is an IPv4 one with its port, or localhost") {
  CHECK(read_address("0.0.0.0:0").value() == "0.0.0.0:0");
  CHECK(read_address("localhost:8430").value() == "127.0.0.1:8430");
  for (const char* address : {"[::1]:8430", "::1:8430", "::1", "[::]:1"})
    CHECK(read_address(address).error().message.find("is IPv6, which is not offered yet") !=
          std::string::npos);
  for (const char* address : {"nonsense", "", ":8430", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                              "127.0.0.1:x", "1.2.3:8430", "example.com:80"})
    CHECK(read_address(address).error().message.find("is no address to listen on") !=
          std::string::npos);
}

namespace {
std::string complaint(std::string_view text) {
  return parse_settings(text, "t.toml").error().message;
}
}  // namespace

// SEMANTICS A20, A27
TEST_CASE("TLS has its certificate and key together, or makes them") {
  const auto tls = parse_settings("[listen]\naddress = '0.0.0.0:1'\ntls = true\n"
                                  "names = ['gpu.example.org', '10.0.0.5']",
                                  "t.toml")
                       .value()
                       .tls;
  CHECK(tls.is_on);
  CHECK(tls.names == std::vector<std::string>{"gpu.example.org", "10.0.0.5"});
  CHECK(complaint("[listen]\ntls = 'auto'") == "t.toml:2: must be true or false");
  CHECK(complaint("[listen]\ntls = true\ncertificate = '/etc/passwd'") ==
        "t.toml:1: certificate and key go together");
  CHECK(complaint("[listen]\nnames = ['a']") ==
        "t.toml:1: certificate, key and names are for tls = true");
  CHECK(
      complaint("[listen]\ntls = true\nnames = ['a:1']").starts_with("t.toml:3: 'a:1' is no host"));
}

// SEMANTICS A20, A29
TEST_CASE("a role has places of buckets") {
  const auto roles =
      parse_settings("[roles.Narrow]\nread = ['data/in/', 'other']\nwrite = []", "t.toml")
          .value()
          .roles;
  CHECK(roles.at("Narrow").read == std::vector<std::string>{"data/in/", "other"});
  CHECK(complaint("[roles.Narrow]\nread = ['s3://data/x']")
            .starts_with("t.toml:2: 's3://data/x' is no place: write bucket/prefix"));
  CHECK(complaint("[roles.Narrow]\nreads = []") ==
        "t.toml:2: 'reads' is no setting in [roles.Narrow]; did you mean 'read'?");
  CHECK(complaint("[roles.'service-role/Narrow']\nread = []").starts_with("t.toml:1: "));
}

// SEMANTICS A20, J64
TEST_CASE("a user's account is one of this machine, and not root") {
  const auto users = parse_settings("[users.kim]\nunix = 'nobody'", "t.toml").value().users;
  CHECK(users.at("kim").uid == 65534);
  CHECK(complaint("[users.kim]\nunix = 'no-such-user'") ==
        "t.toml:2: there is no user 'no-such-user' on this machine (getent passwd lists them)");
  CHECK(complaint("[users.kim]\nunix = 'root'") ==
        "t.toml:2: no job's files are root's: name another user");
  CHECK(complaint("[users.kim]").starts_with("t.toml:1: a user needs unix"));
}

TEST_CASE("the closest name has the fewest letters changed, and of equals is the first") {
  constexpr std::array<std::string_view, 3> names{"logs", "jobs", "job"};
  CHECK(closest("jobz", names) == "jobs");
  CHECK(closest("jo", names) == "job");
  CHECK(closest("", {}).empty());
}

TEST_CASE("a default bucket tells its region") {
  CHECK(default_bucket_region("sagemaker-eu-west-1-123456789012", "123456789012") == "eu-west-1");
  CHECK(default_bucket_region("sagemaker-eusc-de-east-1-123456789012", "123456789012") ==
        "eusc-de-east-1");
  CHECK(default_bucket_region("sagemaker-eu-west-1-000000000000", "123456789012").empty());
  CHECK(default_bucket_region("sagemaker-mars-123456789012", "123456789012").empty());
}

}  // namespace
}  // namespace trainyard
