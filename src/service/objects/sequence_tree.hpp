#pragma once
/// A sequence being made (wire/instance/sequence.hpp): a snapshot for channels in Pipe mode, whose
/// objects have an order and need no names.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "service/objects/snapshot_tree.hpp"
#include "wire/instance/sequence.hpp"

#include <cstdint>
#include <string>

namespace trainyard::objects {

class SequenceTree {
public:
  /// Makes the directory `path`, which must not exist.
  static Result<SequenceTree> make(const os::Path& path, Blobs& blobs);

  /// To the unit at hand: the object's content, or a text.
  Result<> add(const store::LinkedObject& object, std::string name);
  void add_text(std::string text, std::string name);
  Result<> end_unit();
  /// Nothing may be added behind it.
  Result<> finish();

private:
  SequenceTree(SnapshotTree tree, os::Fd index)
      : tree_(std::move(tree)), index_(std::move(index)) {}
  Result<> flush();

  SnapshotTree tree_;
  os::Fd index_;
  std::string lines_;  // of the index, not written yet
  wire::SequenceUnit unit_;
  std::uint64_t files_ = 0;
};

}  // namespace trainyard::objects
