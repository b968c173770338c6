#include "agent/outputs/synced_tree.hpp"
#include "agent/outputs/test_tree.hpp"
#include "s3/fake_s3.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

using namespace trainyard;
using namespace trainyard::agent;

namespace {

struct Setting {
  s3::FakeS3 s3;
  ManualClock clock;
  TestTree tree;
  s3::Client client = s3.client(clock);

  OpenDirectory open() {
    return [this] { return Result<os::Fd>(tree.open()); };
  }
  SyncedTree checkpoints() { return {client, {"bucket", "run"}, open()}; }
};

}  // namespace

// SEMANTICS O10
TEST_CASE("restore brings what lies under the prefix as a directory, and nothing beside it") {
  Setting s;
  s.s3.add("/bucket/run/a", "1");
  s.s3.add("/bucket/run/epoch-1/weights", noise(100'000));
  s.s3.add("/bucket/run/empty/", "");
  s.s3.add("/bucket/run-2/b", "other");
  s.tree.write("a", "older");
  auto checkpoints = s.checkpoints();
  const auto report = checkpoints.restore();
  REQUIRE(report);
  CHECK(report->files == 2);
  CHECK(report->bytes == 100'001);
  CHECK(report->notes.count() == 0);
  CHECK(s.tree.read("a") == "1");
  CHECK(s.tree.read("epoch-1/weights") == noise(100'000));
}

// SEMANTICS O12
TEST_CASE("keys cannot leave the directory, nor write through a link in it") {
  Setting s;
  TestTree outside;
  for (const char* key : {"../escape", "a/../../escape", "/etc/x", "a//b", "./c", "a/."})
    s.s3.add(std::string("/bucket/run/") + key, "evil");
  s.s3.add("/bucket/run/" + std::string(256, 'n'), "evil");
  s.s3.add("/bucket/run/out/file", "evil");
  s.s3.add("/bucket/run/victim", "replaced");
  s.s3.add("/bucket/run/good", "good");
  outside.write("victim", "untouched");
  s.tree.link("out", outside.path("").string());
  s.tree.link("victim", outside.path("victim").string());
  auto checkpoints = s.checkpoints();
  const auto report = checkpoints.restore();
  REQUIRE(report);
  CHECK(report->files == 2);
  CHECK(report->notes.count() == 8);
  CHECK(s.tree.read("good") == "good");
  CHECK(s.tree.read("victim") == "replaced");
  CHECK(outside.read("victim") == "untouched");
  CHECK_FALSE(std::filesystem::exists(outside.path("file")));
}

TEST_CASE("a key that is both a file and a directory is noted, not fatal") {
  Setting s;
  s.s3.add("/bucket/run/a", "file");
  s.s3.add("/bucket/run/a/b", "below");
  auto checkpoints = s.checkpoints();
  const auto report = checkpoints.restore();
  REQUIRE(report);
  CHECK(report->files == 1);
  CHECK(report->notes.count() == 1);
}

// SEMANTICS O15
TEST_CASE("a checkpoint that would be more than may be stored is left out and named") {
  Setting s;
  s.tree.write("a", std::string(600, 'a'));
  s.tree.write("b", "");
  std::filesystem::resize_file(s.tree.path("b"), 1ull << 40);
  s.tree.write("c", std::string(400, 'c'));
  s.tree.write("d", "d");
  SyncedTree checkpoints(s.client, {"bucket", "run"}, s.open(), std::nullopt, {}, 1000);
  const auto report = checkpoints.sync_up();
  REQUIRE(report);
  CHECK(report->files == 2);
  CHECK(s.s3.objects.count("/bucket/run/a") == 1);
  CHECK(s.s3.objects.count("/bucket/run/c") == 1);
  REQUIRE(report->notes.kept().size() == 2);
  CHECK(report->notes.kept()[0].path == "b");
  CHECK(report->notes.kept()[0].text.starts_with("1099511627776 bytes: left out"));
}

// SEMANTICS O12
TEST_CASE("sync uploads what is new or changed, once, and deletes nothing") {
  Setting s;
  s.s3.add("/bucket/run/kept", "kept");
  s.s3.add("/bucket/run/changed", "old!");
  s.s3.add("/bucket/run/removed", "here");
  auto checkpoints = s.checkpoints();
  REQUIRE(checkpoints.restore());
  s.tree.write("changed", "new!");
  s.tree.write("sub/new", "new");
  REQUIRE(unlink(s.tree.path("removed").c_str()) == 0);
  const auto first = checkpoints.sync_up();
  REQUIRE(first);
  CHECK(first->files == 2);
  CHECK(first->bytes == 7);
  CHECK(first->unchanged == 1);
  CHECK(s.s3.count("PUT") == 2);
  CHECK(s.s3.objects.at("/bucket/run/changed").bytes == "new!");
  CHECK(s.s3.objects.at("/bucket/run/sub/new").bytes == "new");
  CHECK(s.s3.objects.at("/bucket/run/removed").bytes == "here");
  const auto second = checkpoints.sync_up();
  REQUIRE(second);
  CHECK(second->files == 0);
  CHECK(second->unchanged == 3);
  CHECK(s.s3.count("PUT") == 2);
}

TEST_CASE("a change that keeps size and mtime is seen") {
  Setting s;
  s.s3.add("/bucket/run/a", "old!");
  auto checkpoints = s.checkpoints();
  REQUIRE(checkpoints.restore());
  struct stat before{};
  REQUIRE(stat(s.tree.path("a").c_str(), &before) == 0);
  s.tree.write("a", "new!");
  const timespec times[] = {before.st_atim, before.st_mtim};
  REQUIRE(utimensat(AT_FDCWD, s.tree.path("a").c_str(), times, 0) == 0);
  REQUIRE(checkpoints.sync_up());
  CHECK(s.s3.objects.at("/bucket/run/a").bytes == "new!");
}

// SEMANTICS O12
TEST_CASE("content that the store has already is not sent again by an agent that knows nothing") {
  Setting s;
  s.tree.write("small", "small");
  s.tree.write("large", noise(20 << 20));
  REQUIRE(s.checkpoints().sync_up());
  CHECK(s.s3.objects.at("/bucket/run/large").etag.ends_with("-3\""));
  const std::size_t puts = s.s3.count("PUT");
  const auto again = s.checkpoints().sync_up();
  REQUIRE(again);
  CHECK(again->unchanged == 2);
  CHECK(s.s3.count("PUT") == puts);
  s.s3.objects.at("/bucket/run/large").etag = "\"" + std::string(32, '0') + "-3\"";
  REQUIRE(s.checkpoints().sync_up());
  CHECK(s.s3.count("PUT") == puts + 3);
}

TEST_CASE("an object that somebody replaced is written again") {
  Setting s;
  s.s3.add("/bucket/run/a", "mine");
  auto checkpoints = s.checkpoints();
  REQUIRE(checkpoints.restore());
  s.s3.add("/bucket/run/a", "hers");
  REQUIRE(checkpoints.sync_up());
  CHECK(s.s3.objects.at("/bucket/run/a").bytes == "mine");
}

TEST_CASE("links, pipes and the like are left out and named") {
  Setting s;
  TestTree outside;
  outside.write("secret", "secret");
  s.tree.link("link", outside.path("secret").string());
  s.tree.link("links", outside.path("").string());
  REQUIRE(mkfifo(s.tree.path("pipe").c_str(), 0600) == 0);
  const auto report = s.checkpoints().sync_up();
  REQUIRE(report);
  CHECK(s.s3.objects.empty());
  CHECK(report->notes.lines() ==
        std::vector<std::string>{"link: a symbolic link: left out",
                                 "links: a symbolic link: left out",
                                 "pipe: neither a file nor a directory: left out"});
}

TEST_CASE("a file that changes while it is copied is noted and copied again next time") {
  Setting s;
  s.tree.write("a", "1");
  s3::Client signing(s.s3, "h",
                     [&](wire::RequestHead& head, std::string_view) -> Result<> {
                       if (head.method == "PUT" && s.s3.objects.empty())
                         s.tree.write("a", "changed");
                       return {};
                     },
                     {{}, [](Millis) { return true; }});
  SyncedTree checkpoints(signing, {"bucket", "run"}, s.open());
  const auto first = checkpoints.sync_up();
  REQUIRE(first);
  CHECK(first->notes.count() == 1);
  const auto second = checkpoints.sync_up();
  REQUIRE(second);
  CHECK(second->files == 1);
  CHECK(s.s3.objects.at("/bucket/run/a").bytes == "changed");
}

TEST_CASE("too many objects are refused before they fill the disk") {
  Setting s;
  for (int i = 0; i < 5; ++i)
    s.s3.add("/bucket/run/" + std::to_string(i), "x");
  TreeLimits limits;
  limits.entries_max = 4;
  SyncedTree checkpoints(s.client, {"bucket", "run"}, s.open(), std::nullopt, limits);
  CHECK(checkpoints.restore().error().kind == ErrorKind::limit);
}
