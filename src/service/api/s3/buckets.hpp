#pragma once
/// What operations ask about buckets and objects.

#include "base/result.hpp"
#include "service/api/s3/operation.hpp"
#include "service/store/objects.hpp"

#include <string>
#include <string_view>

namespace trainyard::api {

/// The bucket, or NoSuchBucket. The default bucket of every region is there, and empty until
/// something is written into it.
Result<store::BucketRow> require_bucket(const S3Context& context, store::Snapshot& s,
                                        std::string_view name);
/// The same for who writes into it: a default bucket gets its row.
Result<> open_bucket(const S3Context& context, store::Txn& txn, std::string_view name);
/// The object, or NoSuchBucket or NoSuchKey.
Result<store::ObjectRow> require_object(const S3Context& context, store::Snapshot& s,
                                        std::string_view bucket, std::string_view key);
/// NoSuchVersion for any but "null", which is the id of the one version that an object has.
Result<> check_version(std::string_view id);

/// InvalidBucketName unless it keeps the general purpose buckets' naming rules.
Result<> check_bucket_name(std::string_view name);

}  // namespace trainyard::api
