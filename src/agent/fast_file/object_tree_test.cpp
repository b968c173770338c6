#include "agent/fast_file/object_tree.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace trainyard;
using namespace trainyard::agent;

namespace {

Result<ObjectTree> tree_of(const std::vector<std::string>& places) {
  std::vector<wire::SequenceUnit> units;
  for (const auto& place : places) {
    wire::SequenceItem item;
    item.Place = place;
    if (!place.ends_with('/')) item.Object = wire::OriginObject{"far", "set/" + place, 3, "\"e\""};
    units.push_back({{item}});
  }
  return ObjectTree::make(std::move(units));
}

// "a b/ b/c": what is below a node, directories with a slash.
std::string text_of(const ObjectTree& tree, std::uint64_t number, const std::string& front = "") {
  std::string out;
  for (const auto child : tree.find(number)->children) {
    const auto& node = *tree.find(child);
    CHECK(node.parent == number);
    const std::string path = front + node.name;
    out += (out.empty() ? "" : " ") + path + (node.object ? "" : "/");
    if (const auto below = text_of(tree, child, path + "/"); !below.empty()) out += " " + below;
  }
  return out;
}

}  // namespace

TEST_CASE("places become directories and files, whatever order they come in") {
  const auto tree = tree_of({"b/c", "a.b", "a/x", "b/a", "a-b", "empty/", "b/d/e"});
  REQUIRE(tree);
  CHECK(text_of(*tree, ObjectTree::root) == "a/ a/x a-b a.b b/ b/a b/c b/d/ b/d/e empty/");
  CHECK(tree->bytes() == 18);
  CHECK(tree->end() == ObjectTree::root + 11);
}

TEST_CASE("a name is found in its directory alone") {
  const auto tree = tree_of({"a/x", "b/y", "\xc3\xa9", "a!"});
  REQUIRE(tree);
  const auto& root = *tree->find(ObjectTree::root);
  for (const char* name : {"a", "b", "\xc3\xa9", "a!"})
    CHECK(tree->child(root, name));
  CHECK_FALSE(tree->child(root, "x"));
  CHECK_FALSE(tree->child(root, ""));
  const auto& a = *tree->find(*tree->child(root, "a"));
  CHECK(tree->find(*tree->child(a, "x"))->object->Key == "set/a/x");
  CHECK_FALSE(tree->child(a, "y"));
}

TEST_CASE("files that are read in order have numbers in order") {
  const auto tree = tree_of({"c", "a", "b"});
  REQUIRE(tree);
  const auto& children = tree->find(ObjectTree::root)->children;
  CHECK(std::is_sorted(children.begin(), children.end()));
  CHECK(tree->find(children[0])->name == "a");
}

TEST_CASE("numbers that are none are found nowhere") {
  const auto tree = tree_of({"a"});
  REQUIRE(tree);
  for (const std::uint64_t number : {std::uint64_t(0), tree->end(), ~std::uint64_t(0)})
    CHECK_FALSE(tree->find(number));
}

TEST_CASE("two objects of one name are refused by their key") {
  for (const auto& places : std::vector<std::vector<std::string>>{
           {"a", "a/b"}, {"a/b", "a"}, {"x/a", "x/a"}, {"a", "a/"}}) {
    const auto tree = tree_of(places);
    REQUIRE_FALSE(tree);
    CHECK(tree.error().message.find("a' cannot become a file") != std::string::npos);
  }
}

// SEMANTICS D5
TEST_CASE("an object of a directory's name is its marker, or refused where it has content") {
  const auto tree_with = [](std::int64_t size) {
    wire::SequenceUnit marker{{{}}}, file{{{}}};
    marker.Items[0].Place = "a/";
    marker.Items[0].Object = wire::OriginObject{"far", "set/a/", size, "\"e\""};
    file.Items[0].Place = "a/x";
    file.Items[0].Object = wire::OriginObject{"far", "set/a/x", 3, "\"e\""};
    return ObjectTree::make({marker, file});
  };
  const auto empty = tree_with(0);
  REQUIRE(empty);
  CHECK(text_of(*empty, ObjectTree::root) == "a/ a/x");
  const auto full = tree_with(1);
  REQUIRE_FALSE(full);
  CHECK(full.error().message.starts_with("the object 'set/a/' cannot become a file of a channel"));
}
