#pragma once
/// Buckets that are not the store's own: what can be read is read where it is, nothing is written.

#include "service/api/s3/operation.hpp"

#include <string>
#include <string_view>

namespace trainyard::api {

/// The operation's answer for such a bucket; AccessDenied for what would change it. Blocks.
Result<wire::Response> answer_elsewhere(S3Context& context, const S3Call& call,
                                        std::string_view operation);

/// The answers that tell where a bucket is.
wire::Response region_answer(const std::string& region);
wire::Response location_answer(const std::string& region);

}  // namespace trainyard::api
