#pragma once
/// Buckets that are not the store's own, as the settings tell of them: `[buckets.NAME]`.

#include "base/settings.hpp"
#include "origin/origin.hpp"

#include <memory>
#include <string>
#include <vector>

namespace trainyard::origin {

/// The bucket's settings, or null for one that is the store's own, or nobody's.
const BucketSettings* elsewhere(const Settings& settings, const std::string& bucket);

/// What an agent needs of all of them.
std::vector<wire::OriginSpec> origin_specs(const Settings& settings);

/// Opens such a bucket for a look into it: what is away for longer than a minute is an error.
Result<std::unique_ptr<Origin>> open_elsewhere(const Settings& settings, const std::string& bucket);

}  // namespace trainyard::origin
