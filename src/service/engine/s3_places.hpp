#pragma once
/// Where a job writes on S3: what must hold before it is taken.

#include "base/result.hpp"
#include "base/settings.hpp"
#include "service/store/database.hpp"

#include <string>
#include <string_view>

namespace trainyard::engine {

/// An error of kind `invalid` that names the member, unless its URI is s3://BUCKET/PREFIX, the
/// bucket is there (the default bucket of every region is) and PREFIX with `longest` behind it can
/// be a key. `settings` name the buckets that are only read.
Result<> check_output(store::Snapshot& s, std::string_view member, std::string_view uri,
                      std::string_view longest, std::string_view account, const Settings& settings);

}  // namespace trainyard::engine
