#pragma once
/// The XML that S3 answers with, as data. Pure.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard::s3 {

struct Object {
  std::string key;  ///< decoded
  std::uint64_t size = 0;
  std::string etag;        ///< with its quotes
  std::string modified{};  ///< as the list writes it: "2026-11-23T19:26:52.000Z"
};

/// One page of ListObjectsV2, asked for with encoding-type=url.
struct Page {
  std::vector<Object> objects;
  std::vector<std::string> prefixes{};  ///< common ones, decoded
  std::string next;                     ///< continuation token, or "" at the end
};
Result<Page> parse_list(std::string_view xml);

/// <InitiateMultipartUploadResult>: the upload's id.
Result<std::string> parse_upload_id(std::string_view xml);

/// <CompleteMultipartUploadResult>: the object's ETag. An <Error> in its place is an error: S3 may
/// send one behind a 200 that it began to answer early. `peer` is who answered, for that error.
Result<std::string> parse_completed(std::string_view xml, std::string_view peer);

/// The body of CompleteMultipartUpload: part 1 has the first ETag.
std::string complete_request(const std::vector<std::string>& etags);

/// An answer that is no 2xx as an Error: code and message from its <Error> body, kind from the
/// status. `doing` says what was asked, "cannot put s3://b/k", and `peer` of whom.
Error parse_error(int status, std::string_view xml, std::string_view doing, std::string_view peer);

}  // namespace trainyard::s3
