#include "agent/outputs/archive.hpp"
#include "agent/outputs/tar_header.hpp"
#include "agent/outputs/test_tree.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace trainyard;
using namespace trainyard::agent;

namespace {

struct Packed {
  std::map<std::string, std::string> files;  ///< name -> content, or "-> TARGET" for links
  ArchiveReport report;
};

Packed pack(const TestTree& tree, PackOptions options = {}) {
  options.gzip.threads = 2;
  options.gzip.block_bytes = 4096;
  std::string archive;
  auto report = pack_directory(
      tree.open(),
      [&](std::span<const char> bytes) -> Result<> {
        archive.append(bytes.data(), bytes.size());
        return {};
      },
      options);
  REQUIRE(report);
  CHECK(report->archive_bytes == archive.size());
  const std::string tar = gunzip(archive);
  CHECK(report->tar_bytes == tar.size());
  return {untar(tar), std::move(*report)};
}

std::vector<std::string> names(const Packed& packed) {
  std::vector<std::string> out;
  for (const auto& [name, content] : packed.files)
    out.push_back(name);
  return out;
}

}  // namespace

TEST_CASE("contents of every length around a block come back") {
  TestTree tree;
  for (std::size_t size : {0, 1, 511, 512, 513, 4095, 4096, 4097, 100'000})
    tree.write(std::to_string(size), noise(size));
  const Packed packed = pack(tree);
  CHECK(packed.report.entries == 9);
  CHECK(packed.report.notes.count() == 0);
  for (std::size_t size : {0, 1, 511, 512, 513, 4095, 4096, 4097, 100'000})
    CHECK(packed.files.at(std::to_string(size)) == noise(size));
}

TEST_CASE("a file that shrinks while it is read keeps its length, filled with zeros and named") {
  TestTree tree;
  tree.write("a", noise(1 << 20));
  std::string archive;
  bool cut = false;
  PackOptions options;
  options.gzip = {.threads = 1, .block_bytes = 4096};
  const auto report = pack_directory(
      tree.open(),
      [&](std::span<const char> bytes) -> Result<> {
        if (!cut) REQUIRE(truncate(tree.path("a").c_str(), 500'000) == 0);
        cut = true;
        archive.append(bytes.data(), bytes.size());
        return {};
      },
      options);
  REQUIRE(report);
  const std::string content = untar(gunzip(archive)).at("a");
  CHECK(content.size() == 1 << 20);
  CHECK(content.substr(0, 500'000) == noise(1 << 20).substr(0, 500'000));
  CHECK(content.substr(500'000) == std::string((1 << 20) - 500'000, '\0'));
  CHECK(report->notes.lines() ==
        std::vector<std::string>{"a: shrank while it was read: 548576 bytes are zeros"});
}

TEST_CASE("a file that grows while it is read is cut where it ended and named") {
  TestTree tree;
  tree.write("a", noise(100'000));
  std::string archive;
  PackOptions options;
  options.gzip = {.threads = 1, .block_bytes = 4096};
  const auto report = pack_directory(
      tree.open(),
      [&](std::span<const char> bytes) -> Result<> {
        if (archive.empty()) tree.write("a", noise(200'000));
        archive.append(bytes.data(), bytes.size());
        return {};
      },
      options);
  REQUIRE(report);
  CHECK(untar(gunzip(archive)).at("a") == noise(100'000));
  CHECK(report->notes.lines() ==
        std::vector<std::string>{"a: grew while it was read: cut at 100000 bytes"});
}

// SEMANTICS O6
TEST_CASE("symbolic links are kept as links and never followed, in no place of a path") {
  TestTree tree, outside;
  outside.write("secret", "secret");
  tree.link("file", (outside.path("secret")).string());
  tree.link("directory", outside.path("").string());
  const Packed packed = pack(tree);
  CHECK(packed.files.at("file") == "-> " + outside.path("secret").string());
  CHECK(packed.files.at("directory") == "-> " + outside.path("").string());
  CHECK(names(packed) == std::vector<std::string>{"directory", "file"});
}

TEST_CASE("a directory that becomes a link while it is visited is not entered") {
  TestTree tree, outside;
  tree.write("a/mine", "mine");
  outside.write("secret", "secret");
  Notes notes;
  std::vector<std::string> visited;
  REQUIRE(walk_tree(tree.open(), {}, notes, [&](const TreeEntry& entry) -> Result<> {
    visited.push_back(entry.path);
    REQUIRE(os::remove_tree(tree.path("a")));
    tree.link("a", outside.path("").string());
    return {};
  }));
  CHECK(visited == std::vector<std::string>{"a"});
  CHECK(notes.count() == 1);
}

TEST_CASE("a file that becomes a pipe, a link or nothing after it was seen is left out") {
  TestTree tree, outside;
  outside.write("secret", "secret");
  for (const char* name : {"1", "2", "3"})
    tree.write(name, "x");
  Notes notes;
  REQUIRE(walk_tree(tree.open(), {}, notes, [&](const TreeEntry& entry) -> Result<> {
    REQUIRE(os::remove_tree(tree.path(entry.path)));
    if (entry.path == "1") tree.link("1", outside.path("secret").string());
    if (entry.path == "2") REQUIRE(mkfifo(tree.path("2").c_str(), 0600) == 0);
    CHECK_FALSE(open_visited(entry));
    return {};
  }));
}

// SEMANTICS O6
TEST_CASE("a job directory that was replaced by a link is not opened, in any component") {
  TestTree tree, outside;
  outside.write("data/secret", "secret");
  tree.link("output", outside.path("").string());
  tree.write("model", "a file");
  CHECK(open_job_directory(outside.path(""), "data"));
  for (const char* below : {"output", "output/data", "model", "nothing"})
    CHECK(open_job_directory(tree.path(""), below).error().kind == ErrorKind::not_found);
}

// SEMANTICS O13
TEST_CASE("too deep and too many are left out with a note, the rest is packed") {
  TestTree tree;
  tree.write("a/b/c/d/deep", "x");
  tree.write("z", "z");
  PackOptions options;
  options.limits.depth_max = 3;
  const Packed shallow = pack(tree, options);
  CHECK(names(shallow) == std::vector<std::string>{"a/", "a/b/", "a/b/c/", "z"});
  CHECK(shallow.report.notes.lines() ==
        std::vector<std::string>{"a/b/c: 3 directories deep: what is in it is left out"});
  TestTree many;
  for (int i = 0; i < 10; ++i)
    many.write(std::to_string(i), "x");
  options.limits.entries_max = 4;
  const Packed few = pack(many, options);
  CHECK(few.files.size() == 4);
  CHECK(few.report.notes.lines() ==
        std::vector<std::string>{".: more than 4 entries: the rest is left out"});
  CHECK(few.report.notes.lines("model") ==
        std::vector<std::string>{"model: more than 4 entries: the rest is left out"});
}

TEST_CASE("notes are bounded and a name cannot start a line of its own in the log") {
  Notes notes;
  for (int i = 0; i < 250; ++i)
    notes.add("evil\nline\x1b", "left out");
  CHECK(notes.count() == 250);
  const auto lines = notes.lines();
  CHECK(lines.size() == 101);
  CHECK(lines.front() == "evil\\x0aline\\x1b: left out");
  CHECK(lines.back() == "and 150 more");
}

TEST_CASE("an error of the sink ends packing and comes through") {
  TestTree tree;
  tree.write("a", noise(1 << 20));
  PackOptions options;
  options.gzip = {.threads = 2, .block_bytes = 4096};
  int calls = 0;
  const auto report = pack_directory(
      tree.open(),
      [&](std::span<const char>) -> Result<> {
        if (++calls < 3) return {};
        return fail(ErrorKind::unavailable, "Stopped", "enough");
      },
      options);
  REQUIRE_FALSE(report);
  CHECK(report.error().code == "Stopped");
  CHECK(calls == 3);
}

TEST_CASE("the number of threads and the size of blocks leave the content alone") {
  for (unsigned threads : {1u, 2u, 8u})
    for (std::size_t block : {std::size_t(4096), std::size_t(65'536), std::size_t(1) << 20}) {
      std::string archive;
      GzipStream gzip(
          [&](std::span<const char> bytes) -> Result<> {
            archive.append(bytes.data(), bytes.size());
            return {};
          },
          {.threads = threads, .block_bytes = block});
      REQUIRE(gzip.write(noise(300'001)));
      REQUIRE(gzip.write_zeros(100'000));
      REQUIRE(gzip.finish());
      CHECK(gunzip(archive) == noise(300'001) + std::string(100'000, '\0'));
      CHECK(gzip.bytes_in() == 400'001);
      CHECK(gzip.bytes_out() == archive.size());
    }
}
