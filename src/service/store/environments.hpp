#pragma once
/// Rows of the environments that were added while a service ran.

#include "service/store/database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::store {

struct EnvironmentRow {
  std::string name;
  std::string directory;  ///< of this machine: the environment's prefix, or a whole Linux root
  std::string python;     ///< the interpreter, as a path below the prefix; "" of a root
  bool is_root() const { return python.empty(); }
};

/// An error of kind `conflict` if the name is taken.
Result<> insert_environment(Txn& txn, const EnvironmentRow& row);
Result<> delete_environment(Txn& txn, std::string_view name);
Result<std::optional<EnvironmentRow>> find_environment(Snapshot& s, std::string_view name);
/// In the order in which they were added.
Result<std::vector<EnvironmentRow>> list_environments(Snapshot& s);

}  // namespace trainyard::store
