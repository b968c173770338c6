#pragma once
/// What an object keeps beside its content: the headers a GET answers, user metadata, its checksum.
/// Kept as JSON in its row.

#include "base/result.hpp"
#include "wire/checksum.hpp"
#include "wire/fields.hpp"
#include "wire/http.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace trainyard::api {

struct StoredHeaders {
  std::optional<std::string> ContentType, CacheControl, ContentDisposition, ContentEncoding,
      ContentLanguage, Expires;
  std::map<std::string, std::string> Metadata;   ///< lower-case names without "x-amz-meta-"
  std::optional<std::string> ChecksumAlgorithm;  ///< "CRC32" ...
  std::optional<std::string> ChecksumType;       ///< "FULL_OBJECT" or "COMPOSITE"
  std::optional<std::string> Checksum;           ///< base64; "-N" behind it when composite
};
template <class V> void fields(V& v, StoredHeaders& s) {
  v("ContentType", s.ContentType);
  v("CacheControl", s.CacheControl);
  v("ContentDisposition", s.ContentDisposition);
  v("ContentEncoding", s.ContentEncoding);
  v("ContentLanguage", s.ContentLanguage);
  v("Expires", s.Expires);
  v("Metadata", s.Metadata);
  v("ChecksumAlgorithm", s.ChecksumAlgorithm);
  v("ChecksumType", s.ChecksumType);
  v("Checksum", s.Checksum);
}

/// From a PUT's headers, without the checksum. MetadataTooLarge past 2 KiB of user metadata.
Result<StoredHeaders> stored_headers(const wire::RequestHead& head);
Result<StoredHeaders> parse_stored_headers(const std::string& json);

/// Content headers and metadata, to a GET's or HEAD's answer.
void add_content_headers(const StoredHeaders& stored, wire::Headers& out);
/// x-amz-checksum-* and its type, if the object has one.
void add_checksum(const StoredHeaders& stored, wire::Headers& out);

/// The checksum algorithm that a request names, by whatever header; InvalidRequest for an unknown
/// one and for two checksums.
Result<std::optional<wire::ChecksumAlgorithm>> requested_checksum(const wire::RequestHead& head);

}  // namespace trainyard::api
