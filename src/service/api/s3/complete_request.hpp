#pragma once
/// What CompleteMultipartUpload lists, compared with the parts that came. Pure.

#include "base/result.hpp"
#include "service/api/s3/stored_headers.hpp"
#include "service/store/uploads.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace trainyard::api {

struct ListedPart {
  std::int64_t n = 0;
  std::string etag;      ///< without quotes
  std::string checksum;  ///< base64, or ""
};

/// MalformedXML, InvalidPartOrder.
Result<std::vector<ListedPart>> parse_complete_request(const std::string& body);

/// The rows that are listed. InvalidPart, EntityTooSmall.
Result<std::vector<store::PartRow>> choose_parts(const std::vector<ListedPart>& listed,
                                                 const std::vector<store::PartRow>& rows);

/// "<MD5 of the parts' MD5s>-<count>"
std::string etag_of(const std::vector<ListedPart>& listed);

/// Sets the object's checksum from its parts'. BadDigest where the request names another,
/// InvalidRequest where that is of an algorithm that the upload does not have.
Result<> set_checksum(const std::vector<store::PartRow>& parts, const wire::RequestHead& head,
                      StoredHeaders& stored);

}  // namespace trainyard::api
