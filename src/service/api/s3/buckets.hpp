#pragma once
/// What operations ask about buckets.

#include "base/result.hpp"
#include "service/api/s3/operation.hpp"
#include "service/store/objects.hpp"

#include <string>
#include <string_view>

namespace trainyard::api {

/// The bucket, or NoSuchBucket.
Result<store::BucketRow> require_bucket(store::Snapshot& s, std::string_view name);
/// The object, or NoSuchBucket or NoSuchKey.
Result<store::ObjectRow> require_object(store::Snapshot& s, std::string_view bucket,
                                        std::string_view key);

/// InvalidBucketName unless it keeps the general purpose buckets' naming rules.
Result<> check_bucket_name(std::string_view name);

/// "sagemaker-<region>-<account>", which the SDKs take for granted in every region.
std::string default_bucket_name(std::string_view region, std::string_view account);
/// The region of such a name, or "".
std::string_view default_bucket_region(std::string_view name, std::string_view account);

/// Makes the bucket if it is one of the default ones and missing. Blocks.
Result<> make_default_bucket(S3Context& context, const std::string& name);

}  // namespace trainyard::api
