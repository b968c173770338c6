#pragma once
/// HTTP's conditional headers, as S3 judges them (RFC 7232; "Conditional requests" of the S3
/// guide).

#include "base/clock.hpp"
#include "base/result.hpp"
#include "service/store/objects.hpp"
#include "wire/http.hpp"

#include <optional>
#include <string_view>

namespace trainyard::api {

/// For a read: PreconditionFailed or NotModified. `prefix` is "" or "x-amz-copy-source-".
Result<> check_read_conditions(const wire::Headers& headers, const store::ObjectRow& object,
                               std::string_view prefix = "");

/// For a write over `existing`: If-None-Match: * and If-Match. PreconditionFailed, NoSuchKey;
/// NotImplemented for a condition that S3 does not have there.
Result<> check_write_conditions(const wire::Headers& headers,
                                const std::optional<store::ObjectRow>& existing);

/// For a removal of `existing`: If-Match. The same errors.
Result<> check_delete_conditions(const wire::Headers& headers,
                                 const std::optional<store::ObjectRow>& existing);

/// On the condition that `existing` has one of these ETags; any does for "*".
Result<> check_etag(std::string_view list, const std::optional<store::ObjectRow>& existing);

/// An ETag as headers have it.
std::string etag_header(std::string_view etag);

}  // namespace trainyard::api
