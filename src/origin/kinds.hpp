#pragma once
/// For the files of this folder: the kinds of origins.

#include "origin/origin.hpp"

namespace trainyard::origin {

Result<std::unique_ptr<Origin>> open_directory(const wire::OriginSpec& spec);
Result<std::unique_ptr<Origin>> open_remote(const wire::OriginSpec& spec, const s3::Retry& retry);

}  // namespace trainyard::origin
