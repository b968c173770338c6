#pragma once
/// What is known of one upload's files between two requests. Rebuilt from its rows when it is
/// missing. Internal to uploads.cpp and assemble.cpp.

#include "service/objects/uploads.hpp"

namespace trainyard::objects {

/// A file of slots, each for one part.
struct SlotFile {
  std::set<std::int64_t> taken;  ///< parts that are or were written here
  std::size_t writing = 0;       ///< parts being written now
  bool is_sealed = false;        ///< it has a blob's name too: not a byte may change
};

struct Uploads::State {
  std::string id;
  std::mutex mutex;
  bool is_loaded = false;
  bool is_removed = false;
  bool is_completing = false;
  bool was_quiet = false;                   ///< no slot was being written when the completion began
  std::uint64_t slot_size = 0;              ///< P; 0 = not known yet
  std::map<std::uint64_t, SlotFile> slots;  ///< by their P
  std::set<std::string> files;              ///< all that exist
};

/// "<id>.<P>"
std::string slot_file_name(const std::string& id, std::uint64_t slot_size);
/// P of such a name; nothing for a part's own file.
std::optional<std::uint64_t> slot_size_of(const std::string& id, std::string_view file);

}  // namespace trainyard::objects
