#include "base/settings.hpp"

#include <doctest/doctest.h>

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
python = "/venv/bin/python"
[[images]]
match = "*/my:*"
environment = "mine"
[sandbox]
mounts = ["/data"]
)",
                                "t.toml");
  REQUIRE(s);
  CHECK(s->strict_images);
  CHECK(s->stop_grace_seconds == 5);
  CHECK(s->log_limit_bytes == 1u << 30);
  CHECK(*s->machine.cpus == 1.5);
  CHECK(*s->machine.memory_bytes == 16ull << 30);
  CHECK(*s->instances.at("ml.p4d.24xlarge").gpus == 2);
  CHECK(s->environments.at("mine") == "/venv/bin/python");
  CHECK(s->images.at(0).environment == "mine");
  CHECK(s->sandbox_mounts.at(0) == "/data");
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
  CHECK(error_of("account = 'x'").find("twelve digits") != std::string::npos);
  CHECK(error_of("strict = ").starts_with("t.toml:1: "));
}

}  // namespace
}  // namespace trainyard
