// POST /BUCKET/KEY?uploads  ->  200
//                               <InitiateMultipartUploadResult><Bucket>..<Key>..<UploadId>..
//                               </InitiateMultipartUploadResult>

#include "base/id.hpp"
#include "service/api/s3/buckets.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/stored_headers.hpp"
#include "service/api/s3/xml_answer.hpp"
#include "service/store/uploads.hpp"
#include "wire/json.hpp"

namespace trainyard::api {
namespace {

// CRC-64/NVME covers whole objects only, the SHAs can only be composed of the parts'.
Result<> choose_checksum(const wire::RequestHead& head, StoredHeaders& stored) {
  using wire::ChecksumAlgorithm;
  const auto algorithm = TRY(requested_checksum(head));
  if (!algorithm) return {};
  stored.ChecksumAlgorithm = wire::api_name(*algorithm);
  const bool is_whole = *algorithm == ChecksumAlgorithm::crc64nvme;
  const bool is_sha =
      *algorithm == ChecksumAlgorithm::sha1 || *algorithm == ChecksumAlgorithm::sha256;
  std::string type(head.headers.get("x-amz-checksum-type"));
  if (type.empty()) type = is_whole ? "FULL_OBJECT" : "COMPOSITE";
  if ((type != "FULL_OBJECT" && type != "COMPOSITE") || (is_whole && type == "COMPOSITE") ||
      (is_sha && type == "FULL_OBJECT"))
    return bad_request("InvalidRequest", "The " + type + " checksum type cannot be used with the " +
                                             *stored.ChecksumAlgorithm + " checksum algorithm.");
  stored.ChecksumType = type;
  return {};
}

}  // namespace

Result<Change> create_multipart_upload(S3Context& context, const S3Call& call) {
  StoredHeaders stored = TRY(stored_headers(call.head()));
  TRY(choose_checksum(call.head(), stored));
  const std::string id = new_id(context.clock.now());
  Change change;
  change.write = [call, stored, id, &context](store::Txn& txn) -> Result<Changed> {
    TRY(open_bucket(context, txn, call.bucket));
    TRY(store::insert_upload(txn, {id, call.bucket, call.key, wire::encode(stored), txn.now()}));
    wire::XmlWriter xml;
    xml.open("InitiateMultipartUploadResult", s3_namespace)
        .element("Bucket", call.bucket)
        .element("Key", call.key)
        .element("UploadId", id);
    Changed out;
    out.response = xml_answer(std::move(xml));
    if (stored.ChecksumAlgorithm) {
      out.response.headers.add("x-amz-checksum-algorithm", *stored.ChecksumAlgorithm);
      out.response.headers.add("x-amz-checksum-type", *stored.ChecksumType);
    }
    return out;
  };
  return change;
}

}  // namespace trainyard::api
