#pragma once
/// What a channel is read from that cannot be mounted as it is: objects one after the other, as a
/// directory. In Pipe mode they are fed in this order; else the agent makes a tree of them.
///
///   <dir>/index       a line a unit, as JSON: {"Items":[{"File":"data/0/7","Name":"train/a.rec"}]}
///   <dir>/data/N/M    contents that the service has, at most 1,000 a directory
///
/// A unit is what is shuffled as one: an object, or what a line of an augmented manifest names.

#include "wire/fields.hpp"
#include "wire/instance/origin.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trainyard::wire {

inline constexpr const char* sequence_index = "index";

/// A record: a file's content, an object's elsewhere, or a text.
struct SequenceItem {
  std::optional<std::string> File;  ///< relative to the directory
  std::optional<OriginObject> Object;
  std::optional<std::string> Text;
  std::optional<std::string>
      Place;         ///< in a tree: its path; with a slash at its end a directory alone
  std::string Name;  ///< for people: the object's URI, or what of a manifest names it
};
template <class V> void fields(V& v, SequenceItem& i) {
  v("File", i.File);
  v("Object", i.Object);
  v("Text", i.Text);
  v("Place", i.Place);
  v("Name", i.Name);
}

struct SequenceUnit {
  std::vector<SequenceItem> Items;
};
template <class V> void fields(V& v, SequenceUnit& u) {
  v("Items", u.Items, required);
}

}  // namespace trainyard::wire
