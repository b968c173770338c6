#include "os/files.hpp"
#include "s3/profile.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

using namespace trainyard;
using namespace trainyard::s3;

namespace {

struct Home {
  os::Path path;
  Home() {
    std::string name = (std::filesystem::temp_directory_path() / "trainyard-aws-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    path = name;
  }
  ~Home() { (void)os::remove_tree(path); }
  void write(const char* name, std::string_view text) const {
    REQUIRE(os::write_file(path / name, text));
  }
  Profile profile(const char* name, const Clock& clock = system_clock()) const {
    return Profile(name, path / "credentials", clock);
  }
};

}  // namespace

TEST_CASE("a profile's section gives its keys, and nobody else's") {
  constexpr std::string_view text = "# mine\n[default]\naws_access_key_id=A\r\n"
                                    "aws_secret_access_key = s=1 \n\n[ work ]\n"
                                    "aws_access_key_id = B\naws_session_token = t\n"
                                    "s3 =\n  aws_access_key_id = nested\n;[none]\n";
  const auto first = parse_profile(text, "default");
  REQUIRE(first);
  CHECK(first->access_key == "A");
  CHECK(first->secret_key == "s=1");
  CHECK(first->session_token == "");
  CHECK(parse_profile(text, "work")->access_key == "B");
  CHECK(parse_profile(text, "work")->session_token == "t");
  CHECK_FALSE(parse_profile(text, "none"));
  CHECK_FALSE(parse_profile("", "default"));
}

TEST_CASE("a profile is read again each time, and says what it lacks") {
  const Home home;
  Profile profile = home.profile("work");
  CHECK(profile.credentials().error().message.starts_with("there is no profile 'work' in "));
  home.write("config", "[profile work]\nregion = eu-west-1\n");
  CHECK(profile.credentials().error().message.find("credential_process") != std::string::npos);
  home.write("credentials", "[work]\naws_access_key_id = A\naws_secret_access_key = 1\n");
  CHECK(profile.credentials()->access_key == "A");
  home.write("credentials", "[work]\naws_access_key_id = B\naws_secret_access_key = 2\n");
  CHECK(profile.credentials()->access_key == "B");
}

TEST_CASE("a profile's process is run again when its keys are about to end") {
  const Home home;
  ManualClock clock;
  const auto ends = [&](Millis after) { return iso8601(clock.now() + after); };
  const auto prints = [&](const std::string& key, const std::string& end) {
    home.write("keys", fmt::format("{{\"Version\":1,\"AccessKeyId\":\"{}\",\"SecretAccessKey\":"
                                   "\"s\",\"SessionToken\":\"t\",\"Expiration\":\"{}\"}}",
                                   key, end));
  };
  home.write("config",
             fmt::format("[profile work]\ncredential_process = cat {}/keys\n", home.path.string()));
  Profile profile = home.profile("work", clock);
  prints("A", ends(Millis(3'600'000)));
  CHECK(profile.credentials()->access_key == "A");
  prints("B", ends(Millis(7'200'000)));
  CHECK(profile.credentials()->access_key == "A");
  clock.advance(Millis(3'400'000));
  CHECK(profile.credentials()->access_key == "B");
  CHECK(profile.credentials()->session_token == "t");

  std::filesystem::permissions(home.path / "config", std::filesystem::perms(0622));
  CHECK(profile.credentials().error().message.find("may be written by others") !=
        std::string::npos);
  std::filesystem::permissions(home.path / "config", std::filesystem::perms(0600));

  clock.advance(Millis(7'200'000));
  home.write("keys", "no keys");
  CHECK(profile.credentials().error().message.find("printed no keys") != std::string::npos);
  home.write("config", "[profile work]\ncredential_process = exit 3\n");
  CHECK(profile.credentials().error().message.find("ended with exit code 3") != std::string::npos);
}
