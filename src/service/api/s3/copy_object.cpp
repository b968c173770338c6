// PUT /BUCKET/KEY                 ->  200
// x-amz-copy-source: /FROM/KEY        <CopyObjectResult><LastModified>..<ETag>..</CopyObjectResult>

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/conditions.hpp"
#include "service/api/s3/copy_source.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/stored_headers.hpp"
#include "service/api/s3/xml_answer.hpp"
#include "wire/json.hpp"

namespace trainyard::api {
namespace {

// The copy's headers: the source's, or those of this request; the content's checksum stays.
Result<std::string> headers_of_copy(const store::ObjectRow& source,
                                    const std::optional<StoredHeaders>& replaced) {
  if (!replaced) return source.headers;
  StoredHeaders out = *replaced;
  const StoredHeaders before = TRY(parse_stored_headers(source.headers));
  out.ChecksumAlgorithm = before.ChecksumAlgorithm;
  out.ChecksumType = before.ChecksumType;
  out.Checksum = before.Checksum;
  return wire::encode(out);
}

}  // namespace

Result<Change> copy_object(S3Context& context, const S3Call& call) {
  const CopySource from = TRY(parse_copy_source(call));
  std::optional<StoredHeaders> replaced;
  if (call.header("x-amz-metadata-directive") == "REPLACE")
    replaced = TRY(stored_headers(call.head()));
  else if (from.bucket == call.bucket && from.key == call.key)
    return bad_request("InvalidRequest",
                       "This copy request is illegal because it is trying to copy an object to "
                       "itself without changing the object's metadata.");
  Change change;
  // Both rows in one transaction: the content has a row at every moment, so it cannot go.
  change.write = [=, &context](store::Txn& txn) -> Result<Changed> {
    store::ObjectRow row = TRY(require_copy_source(context, txn, call, from));
    TRY(open_bucket(context, txn, call.bucket));
    TRY(check_write_conditions(call.head().headers,
                               TRY(store::find_object(txn, call.bucket, call.key))));
    row.headers = TRY(headers_of_copy(row, replaced));
    row.bucket = call.bucket;
    row.key = call.key;
    row.modified = txn.now();
    Changed out;
    out.freed.push_back(TRY(store::put_object(txn, row)));
    wire::XmlWriter xml;
    xml.open("CopyObjectResult", s3_namespace)
        .element("LastModified", iso8601(row.modified))
        .element("ETag", etag_header(row.etag));
    out.response = xml_answer(std::move(xml));
    return out;
  };
  return change;
}

}  // namespace trainyard::api
