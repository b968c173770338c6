#pragma once
/// Buckets that are not the store's own: `[buckets.NAME]` of the settings.

#include "base/settings.hpp"
#include "origin/origin.hpp"
#include "service/objects/snapshots.hpp"
#include "wire/instance/sequence.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trainyard::channels {

/// The bucket's settings, or null for one that is the store's own, or nobody's.
const BucketSettings* elsewhere(const Settings& settings, const std::string& bucket);

/// What an agent needs of all of them.
std::vector<wire::OriginSpec> origin_specs(const Settings& settings);

/// Opens such a bucket for a look into it: what is away for longer than a minute is an error.
Result<std::unique_ptr<origin::Origin>> open_elsewhere(const Settings& settings,
                                                       const std::string& bucket);

/// The objects selected, in their order, each with its place in a tree where `form` is one. Blocks.
/// Errors as of Snapshots::snapshot().
Result<std::vector<wire::SequenceItem>>
list_elsewhere(const Settings& settings, const objects::Selection& selection, objects::Form form);

}  // namespace trainyard::channels
