#pragma once
/// Channels of buckets that are not the store's own.

#include "origin/buckets.hpp"
#include "service/objects/snapshots.hpp"
#include "wire/instance/sequence.hpp"

#include <vector>

namespace trainyard::channels {

using origin::elsewhere;

/// The objects selected, in their order, each with its place in a tree where `form` is one. Blocks.
/// Errors as of Snapshots::snapshot().
Result<std::vector<wire::SequenceItem>>
list_elsewhere(const Settings& settings, const objects::Selection& selection, objects::Form form);

}  // namespace trainyard::channels
