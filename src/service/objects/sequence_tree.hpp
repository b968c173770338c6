#pragma once
/// A sequence being made (wire/instance/sequence.hpp): a snapshot for channels in Pipe mode, whose
/// objects have an order and need no names.

#include "base/result.hpp"
#include "os/fd.hpp"
#include "service/objects/blobs.hpp"
#include "service/store/objects.hpp"
#include "wire/instance/sequence.hpp"

#include <cstdint>
#include <string>

namespace trainyard::objects {

/// A tree of links to blobs: no file in it is half, whatever happens.
Result<os::LinkTree> link_tree(const os::Path& path, Blobs& blobs);
/// `contents` is the directory of the blobs.
os::Content content_of(const store::LinkedObject& object, int contents);

class SequenceTree {
public:
  /// Makes the directory `path`, which must not exist.
  static Result<SequenceTree> make(const os::Path& path, Blobs& blobs);

  /// To the unit at hand: the object's content, or a text.
  Result<> add(const store::LinkedObject& object, std::string name);
  void add_text(std::string text, std::string name);
  /// To the unit at hand, as it is: what no content here is needed for.
  void add_item(wire::SequenceItem item);
  Result<> end_unit();
  /// Nothing may be added behind it.
  Result<> finish();

private:
  SequenceTree(os::LinkTree tree, os::Fd contents, os::Fd index)
      : tree_(std::move(tree)), contents_(std::move(contents)), index_(std::move(index)) {}
  Result<> flush();

  os::LinkTree tree_;
  os::Fd contents_, index_;
  std::string lines_;  // of the index, not written yet
  wire::SequenceUnit unit_;
  std::uint64_t files_ = 0;
};

}  // namespace trainyard::objects
