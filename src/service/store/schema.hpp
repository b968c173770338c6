#pragma once
/// The tables, and the steps from one version of them to the next.

#include "service/store/database.hpp"

namespace trainyard::store {

/// The version this program writes. A data directory of a newer one is refused.
inline constexpr int schema_version = 5;

/// Brings the database to schema_version, step by step in one transaction. An error of kind
/// `conflict` when it is newer than this program.
Result<> migrate(Database& db);

}  // namespace trainyard::store
