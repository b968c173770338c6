// GET /BUCKET/KEY?uploadId=...&max-parts=2  ->  200
//     <ListPartsResult>...<Part><PartNumber>1</PartNumber><ETag>"..."</ETag><Size>5242880</Size>
//     </Part>...<IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>
//     </ListPartsResult>

#include "service/api/s3/conditions.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/upload_answer.hpp"
#include "service/api/s3/xml_answer.hpp"

#include <algorithm>

namespace trainyard::api {
namespace {

constexpr std::int64_t page_max = 1000;

}  // namespace

S3Answer list_parts(S3Context& context, const S3Call& call, store::Snapshot& s) {
  const auto upload = TRY(require_upload(s, call));
  const std::int64_t marker = TRY(number_parameter(call, "part-number-marker", 0));
  const std::int64_t most = std::min(page_max, TRY(number_parameter(call, "max-parts", page_max)));
  auto parts = TRY(store::parts_of(s, upload.id));
  std::erase_if(parts, [&](const auto& part) { return part.n <= marker; });
  const bool is_truncated = std::int64_t(parts.size()) > most;
  if (is_truncated) parts.resize(std::size_t(most));
  wire::XmlWriter xml;
  xml.open("ListPartsResult", s3_namespace).element("Bucket", call.bucket);
  xml.element("Key", call.key).element("UploadId", upload.id);
  for (const char* role : {"Initiator", "Owner"})
    xml.open(role).element("ID", context.account).element("DisplayName", "trainyard").close();
  xml.element("StorageClass", "STANDARD").element("PartNumberMarker", marker);
  if (is_truncated) xml.element("NextPartNumberMarker", parts.empty() ? marker : parts.back().n);
  xml.element("MaxParts", most).element("IsTruncated", is_truncated);
  for (const auto& part : parts)
    xml.open("Part")
        .element("PartNumber", part.n)
        .element("LastModified", iso8601(part.modified))
        .element("ETag", etag_header(part.md5))
        .element("Size", part.size)
        .close();
  return xml_answer(std::move(xml));
}

}  // namespace trainyard::api
