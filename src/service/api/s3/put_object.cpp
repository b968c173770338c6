// PUT /BUCKET/KEY                      ->  200
// Content-Length: 5                        ETag: "5d41402abc4b2a76b9719d911017c592"
// x-amz-checksum-crc32: NhCmhg==           x-amz-checksum-crc32: NhCmhg==
//
// hello

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/conditions.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/receive_body.hpp"
#include "service/api/s3/stored_headers.hpp"
#include "wire/json.hpp"

namespace trainyard::api {

Result<Change> put_object(S3Context& context, const S3Call& call) {
  StoredHeaders stored = TRY(stored_headers(call.head()));
  const auto algorithm = TRY(requested_checksum(call.head()));
  const std::uint64_t length = TRY(payload_length(call));
  // What will be refused anyway is refused before its body is read.
  TRY(context.readers.read([&](store::Snapshot& s) -> Result<> {
    TRY(require_bucket(context, s, call.bucket));
    return check_write_conditions(call.head().headers,
                                  TRY(store::find_object(s, call.bucket, call.key)));
  }));
  objects::TempFile file = TRY(context.blobs.create());
  const auto written =
      TRY(receive_body(context, call, length, algorithm, {file.fd(), 0, file.path()}));
  const auto pin = TRY(context.blobs.publish(std::move(file), "s-" + written.sha256));
  if (algorithm) {
    stored.ChecksumAlgorithm = wire::api_name(*algorithm);
    stored.ChecksumType = "FULL_OBJECT";
    stored.Checksum = written.checksum;
  }
  Change change;
  change.write = [call, pin, stored, written, &context](store::Txn& txn) -> Result<Changed> {
    TRY(open_bucket(context, txn, call.bucket));
    TRY(check_write_conditions(call.head().headers,
                               TRY(store::find_object(txn, call.bucket, call.key))));
    const store::ObjectRow row{
        call.bucket,          call.key, pin->name(), std::int64_t(written.size), written.md5,
        wire::encode(stored), txn.now()};
    Changed out;
    out.freed.push_back(TRY(store::put_object(txn, row)));
    out.response.headers.add("ETag", etag_header(row.etag));
    add_checksum(stored, out.response.headers);
    return out;
  };
  return change;
}

}  // namespace trainyard::api
