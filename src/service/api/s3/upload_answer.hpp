#pragma once
/// What the operations on a multipart upload have in common.

#include "service/api/s3/operation.hpp"
#include "service/store/uploads.hpp"

#include <cstdint>
#include <string_view>

namespace trainyard::api {

/// The upload that the request names, of its bucket and key; NoSuchUpload.
Result<store::UploadRow> require_upload(store::Snapshot& s, const S3Call& call);

/// The number that a parameter gives, `otherwise` where it is missing; from 0 up, InvalidArgument.
Result<std::int64_t> number_parameter(const S3Call& call, std::string_view name,
                                      std::int64_t otherwise);

/// partNumber: 1 to 10,000; InvalidArgument.
Result<std::int64_t> part_number(const S3Call& call);

}  // namespace trainyard::api
