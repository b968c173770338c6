#include "agent/fast_file/object_tree.hpp"

#include "agent/channels/fetched_tree.hpp"

#include <algorithm>

namespace trainyard::agent {
namespace {

// By parts: what is in a directory stands together, behind a file of the directory's name.
bool stands_before(std::string_view a, std::string_view b) {
  const auto rank = [](char c) { return c == '/' ? 0 : 1 + int(static_cast<unsigned char>(c)); };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return rank(x) < rank(y); });
}

}  // namespace

std::uint64_t ObjectTree::add(std::uint64_t parent, std::string_view name) {
  const std::uint64_t number = end();
  nodes_.push_back({std::string(name), parent});
  if (number != root) nodes_[parent - root].children.push_back(number);
  return number;
}

Result<ObjectTree> ObjectTree::make(std::vector<wire::SequenceUnit> units) {
  std::vector<wire::SequenceItem> items;
  for (auto& unit : units)
    for (auto& item : unit.Items)
      if (item.Place) items.push_back(std::move(item));
  std::sort(items.begin(), items.end(),
            [](const auto& a, const auto& b) { return stands_before(*a.Place, *b.Place); });
  ObjectTree out;
  out.add(root, "");
  for (auto& item : items) {
    std::uint64_t at = root;
    std::string_view rest = *item.Place;
    for (auto slash = rest.find('/'); slash != rest.npos; slash = rest.find('/')) {
      // In their order it can only be the one that was added last.
      const auto name = rest.substr(0, slash);
      const auto& there = out.nodes_[at - root].children;
      const bool is_there = !there.empty() && out.nodes_[there.back() - root].name == name;
      const std::uint64_t next = is_there ? there.back() : out.add(at, name);
      if (const auto& object = out.nodes_[next - root].object) return two_of_one_name(*object);
      at = next;
      rest.remove_prefix(slash + 1);
    }
    if (item.Object && rest.empty() && item.Object->Size > 0)
      return content_of_directory(*item.Object);
    if (!item.Object || rest.empty()) continue;
    const auto& there = out.nodes_[at - root].children;
    if (!there.empty() && out.nodes_[there.back() - root].name == rest)
      return two_of_one_name(*item.Object);
    out.bytes_ += std::uint64_t(std::max<std::int64_t>(0, item.Object->Size));
    out.nodes_[out.add(at, rest) - root].object = std::move(item.Object);
  }
  return out;
}

std::optional<std::uint64_t> ObjectTree::child(const Node& directory, std::string_view name) const {
  const auto& all = directory.children;
  const auto it =
      std::lower_bound(all.begin(), all.end(), name, [&](std::uint64_t number, std::string_view n) {
        return nodes_[number - root].name < n;
      });
  if (it == all.end() || nodes_[*it - root].name != name) return std::nullopt;
  return *it;
}

}  // namespace trainyard::agent
