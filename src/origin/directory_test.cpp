#include "origin/origin.hpp"
#include "os/files.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace trainyard;
using namespace trainyard::origin;

namespace {

struct Tree {
  os::Path root;
  Tree() {
    std::string name = (std::filesystem::temp_directory_path() / "trainyard-dir-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()));
    root = name;
  }
  ~Tree() { (void)os::remove_tree(root); }
  void write(const std::string& key, std::string_view text = "x") const {
    REQUIRE(os::make_directories((root / key).parent_path(), 0755));
    REQUIRE(os::write_file(root / key, text, 0644));
  }
  std::unique_ptr<Origin> open(bool snapshot = false) const {
    wire::OriginSpec spec;
    spec.Name = "data";
    spec.Path = root;
    spec.Snapshot = snapshot;
    return std::move(open_origin(spec, {}).value());
  }
};

std::vector<std::string> listed(Origin& origin, const ListRequest& request) {
  std::vector<std::string> out;
  REQUIRE(origin.list(request, [&](Entry entry) -> Result<bool> {
    out.push_back(std::move(entry.key));
    return true;
  }));
  return out;
}

// What S3 lists of these keys, by its definition.
std::vector<std::string> expected(std::vector<std::string> keys, const ListRequest& request) {
  std::sort(keys.begin(), keys.end());
  std::vector<std::string> out;
  for (const auto& key : keys) {
    if (!key.starts_with(request.prefix) || key <= request.after) continue;
    const auto end =
        request.delimiter.empty() ? key.npos : key.find(request.delimiter, request.prefix.size());
    const std::string shown = end == key.npos ? key : key.substr(0, end + request.delimiter.size());
    if (shown.size() < key.size() || end != key.npos) {
      const std::string last = shown + last_of_all;
      if (request.after == last) continue;
    }
    if (out.empty() || out.back() != shown) out.push_back(shown);
  }
  return out;
}

}  // namespace

TEST_CASE("a directory is listed as S3 lists keys") {
  const Tree tree;
  const std::vector<std::string> keys{"a",     "a-b",  "a.d/x", "a0", "b/1",     "b/10", "b/2/x",
                                      "b/2/y", "b/2-", "b/20",  "bb", "c/d/e/f", "z"};
  for (const auto& key : keys)
    tree.write(key);
  const auto origin = tree.open();
  std::vector<std::string> places{"", "a", "a.", "b", "b/", "b/2", "b/2/", "b/2/x", "c/d", "zz"};
  for (const auto& prefix : places)
    for (const char* delimiter : {"", "/", "2"})
      for (auto after : places)
        for (const char* tail : {"", last_of_all}) {
          const ListRequest request{prefix, delimiter, after + tail};
          CAPTURE(prefix);
          CAPTURE(delimiter);
          CAPTURE(request.after);
          CHECK(listed(*origin, request) == expected(keys, request));
        }
}

TEST_CASE("a visitor that has had enough is asked no more") {
  const Tree tree;
  for (const char* key : {"a", "b/1", "b/2", "c"})
    tree.write(key);
  int count = 0;
  REQUIRE(
      tree.open()->list({"", "", ""}, [&](const Entry&) -> Result<bool> { return ++count < 2; }));
  CHECK(count == 2);
}

TEST_CASE("what leads out of a directory, or is no file, is no object") {
  const Tree tree;
  tree.write("in", "inner");
  tree.write("sub/x");
  REQUIRE(symlink("in", (tree.root / "link").c_str()) == 0);
  REQUIRE(symlink("../in", (tree.root / "sub/up").c_str()) == 0);
  REQUIRE(symlink("/etc/passwd", (tree.root / "out").c_str()) == 0);
  REQUIRE(symlink("sub", (tree.root / "directory").c_str()) == 0);
  REQUIRE(mkfifo((tree.root / "fifo").c_str(), 0600) == 0);
  const auto origin = tree.open();
  CHECK(listed(*origin, {"", "", ""}) == std::vector<std::string>{"in", "link", "sub/up", "sub/x"});
  CHECK(origin->head("link")->entry.size == 5);
  for (const char* key :
       {"out", "fifo", "none", "sub", "sub/", "/in", "../in", "sub/../in", "a//b", ""})
    CHECK(origin->head(key).error().kind == ErrorKind::not_found);
}

TEST_CASE("a file that was changed since it was listed is not taken for the same") {
  const Tree tree;
  tree.write("k", "before");
  const auto origin = tree.open();
  const auto object = origin->head("k")->entry;
  const os::Fd file(::memfd_create("k", 0));
  REQUIRE(origin->get(object, {2, 3}, file.get()));
  CHECK(os::read_file("/proc/self/fd/" + std::to_string(file.get())) == std::string("\0\0for", 5));
  tree.write("k", "another length");
  CHECK(origin->get(object, {0, 6}, file.get()).error().kind == ErrorKind::conflict);
  CHECK(object.etag != origin->head("k")->entry.etag);
  REQUIRE(os::remove_tree(tree.root / "k"));
  CHECK(origin->get(object, {0, 6}, file.get()).error().kind == ErrorKind::not_found);
}

// SEMANTICS D27
TEST_CASE("a link is an object also while somebody renames files") {
  const Tree tree;
  tree.write("in");
  tree.write("elsewhere/a");
  REQUIRE(os::make_directories(tree.root / "sub", 0755));
  REQUIRE(symlink("../in", (tree.root / "sub/up").c_str()) == 0);
  const std::jthread renames([&](const std::stop_token& over) {
    const std::string a = tree.root / "elsewhere/a", b = tree.root / "elsewhere/b";
    while (!over.stop_requested())
      if (::rename(a.c_str(), b.c_str()) != 0 || ::rename(b.c_str(), a.c_str()) != 0) return;
  });
  const auto origin = tree.open();
  int found = 0;
  for (int n = 0; n < 5000; ++n)
    found += origin->head("sub/up").has_value();
  CHECK(found == 5000);
}

TEST_CASE("a directory's own file is read where it is, unless it is to be a snapshot") {
  const Tree tree;
  tree.write("k");
  const Entry listed = tree.open()->head("k")->entry;
  CHECK(tree.open(false)->open(listed)->has_value());
  CHECK(tree.open(false)->open({"k", false, 0, "", {}})->has_value());
  CHECK_FALSE(tree.open(true)->open(listed)->has_value());
  tree.write("k", "another");
  CHECK(tree.open(false)->open(listed).error().kind == ErrorKind::conflict);
}
