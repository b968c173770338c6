#pragma once
/// The object that x-amz-copy-source names.

#include "service/api/s3/operation.hpp"
#include "service/store/objects.hpp"

namespace trainyard::api {

struct CopySource {
  std::string bucket, key;
};
/// "[/]BUCKET/KEY[?versionId=null]", bucket and key percent-encoded; InvalidArgument,
/// NoSuchVersion.
Result<CopySource> parse_copy_source(const S3Call& call);

/// Its row, the x-amz-copy-source-if-* conditions judged.
Result<store::ObjectRow> require_copy_source(const S3Context& context, store::Snapshot& s,
                                             const S3Call& call, const CopySource& source);

}  // namespace trainyard::api
