#pragma once
/// The directories and files of a channel, as its objects' places make them. Pure.

#include "base/result.hpp"
#include "wire/instance/sequence.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::agent {

/// Never changed once it is made. Nodes are known by numbers from `root` on, in the order of their
/// paths: what a loader reads in order has numbers in order.
class ObjectTree {
public:
  static constexpr std::uint64_t root = 1;

  struct Node {
    std::string name;
    std::uint64_t parent = root;
    std::vector<std::uint64_t> children = {};       ///< of a directory, by name
    std::optional<wire::OriginObject> object = {};  ///< of a file
  };

  /// Of items that have a place. An error names an object that cannot be a file.
  static Result<ObjectTree> make(std::vector<wire::SequenceUnit> units);

  /// Null where there is none of that number.
  const Node* find(std::uint64_t number) const {
    return number - root < nodes_.size() ? &nodes_[number - root] : nullptr;
  }
  /// The number of that entry of a directory.
  std::optional<std::uint64_t> child(const Node& directory, std::string_view name) const;
  /// One past the last number.
  std::uint64_t end() const { return root + nodes_.size(); }
  std::uint64_t bytes() const { return bytes_; }

private:
  std::uint64_t add(std::uint64_t parent, std::string_view name);
  std::vector<Node> nodes_;
  std::uint64_t bytes_ = 0;
};

}  // namespace trainyard::agent
