#include "agent/outputs/copy_out.hpp"
#include "agent/outputs/test_tree.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

using namespace trainyard;
using namespace trainyard::agent;

TEST_CASE("a directory is copied whole: modes, links as links, holes as holes") {
  TestTree tree;
  tree.write("ml/model/code/x.py", "pass");
  tree.write("ml/model/run", "#!/bin/sh\n");
  REQUIRE(::chmod(tree.path("ml/model/run").c_str(), 04755) == 0);
  REQUIRE(::symlink("/etc/passwd", tree.path("ml/model/link").c_str()) == 0);
  REQUIRE(::symlink("/etc", tree.path("ml/model/etc").c_str()) == 0);
  REQUIRE(::mkfifo(tree.path("ml/model/fifo").c_str(), 0600) == 0);
  tree.write("ml/model/holes", "x");
  REQUIRE(::truncate(tree.path("ml/model/holes").c_str(), off_t(1) << 34) == 0);
  const auto copied = copy_out(tree.path("ml"), "model", tree.path("copy"));
  REQUIRE(copied);
  CHECK(copied->count() == 1);
  CHECK(copied->lines()[0].find("fifo") != std::string::npos);
  CHECK(os::read_file(tree.path("copy/code/x.py")).value() == "pass");
  CHECK(std::filesystem::read_symlink(tree.path("copy/link")) == "/etc/passwd");
  CHECK(std::filesystem::is_symlink(tree.path("copy/etc")));
  struct stat st{};
  REQUIRE(::stat(tree.path("copy/run").c_str(), &st) == 0);
  CHECK((st.st_mode & 07777) == 0755);
  REQUIRE(::stat(tree.path("copy/holes").c_str(), &st) == 0);
  CHECK(st.st_size == off_t(1) << 34);
  CHECK(st.st_blocks < 100);
}

TEST_CASE("a file is copied, and a link only as a link") {
  TestTree tree;
  tree.write("ml/output/failure", "why");
  REQUIRE(::symlink("/etc/passwd", tree.path("ml/output/link").c_str()) == 0);
  REQUIRE(copy_out(tree.path("ml"), "output/failure", tree.path("why")));
  CHECK(os::read_file(tree.path("why")).value() == "why");
  REQUIRE(copy_out(tree.path("ml"), "output/link", tree.path("link")));
  CHECK(std::filesystem::is_symlink(tree.path("link")));
}

TEST_CASE("nothing outside is reached, and nothing is written over") {
  TestTree tree;
  tree.write("ml/x", "1");
  tree.write("secret/x", "2");
  REQUIRE(::symlink(tree.path("secret").c_str(), tree.path("ml/out").c_str()) == 0);
  for (const char* below : {"out/x", "../secret/x", "none", "x/y"}) {
    const auto copied = copy_out(tree.path("ml"), below, tree.path("copy"));
    REQUIRE_FALSE(copied);
    CHECK_FALSE(std::filesystem::exists(tree.path("copy")));
  }
  tree.write("there", "3");
  CHECK_FALSE(copy_out(tree.path("ml"), "x", tree.path("there")));
  CHECK(os::read_file(tree.path("there")).value() == "3");
}
