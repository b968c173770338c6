#pragma once
/// What a channel in Pipe mode is read from: objects one after the other, as a directory.
///
///   <dir>/index       a line a unit, as JSON: {"Items":[{"File":"data/0/7","Name":"train/a.rec"}]}
///   <dir>/data/N/M    the objects' contents, at most 1,000 a directory
///
/// A unit is what is shuffled as one: an object, or what a line of an augmented manifest names.

#include "wire/fields.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

inline constexpr const char* sequence_index = "index";

/// A record: a file's content, or a text.
struct SequenceItem {
  std::optional<std::string> File;  ///< relative to the directory
  std::optional<std::string> Text;
  std::string Name;  ///< for people: the object's key, or the manifest's line
};
template <class V> void fields(V& v, SequenceItem& i) {
  v("File", i.File);
  v("Text", i.Text);
  v("Name", i.Name);
}

struct SequenceUnit {
  std::vector<SequenceItem> Items;
};
template <class V> void fields(V& v, SequenceUnit& u) {
  v("Items", u.Items, required);
}

}  // namespace trainyard::wire
