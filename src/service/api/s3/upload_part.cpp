// PUT /BUCKET/KEY?partNumber=2&uploadId=...  ->  200
// Content-Length: 8388608                        ETag: "..."
//
// ...

#include "service/api/s3/conditions.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/receive_body.hpp"
#include "service/api/s3/store_part.hpp"
#include "service/api/s3/stored_headers.hpp"
#include "service/api/s3/upload_answer.hpp"

namespace trainyard::api {

Result<Change> upload_part(S3Context& context, const S3Call& call) {
  const std::int64_t n = TRY(part_number(call));
  const std::uint64_t length = TRY(payload_length(call));
  const auto upload =
      TRY(context.readers.read([&](store::Snapshot& s) { return require_upload(s, call); }));
  const StoredHeaders stored = TRY(parse_stored_headers(upload.headers));
  std::optional<wire::ChecksumAlgorithm> algorithm = TRY(requested_checksum(call.head()));
  if (stored.ChecksumAlgorithm) {
    const auto agreed = wire::checksum_algorithm(*stored.ChecksumAlgorithm);
    if (algorithm && algorithm != agreed)
      return bad_request("InvalidRequest",
                         "Checksum Type mismatch occurred, expected checksum Type: " +
                             *stored.ChecksumAlgorithm);
    algorithm = agreed;
  }
  const auto place = TRY(context.uploads.place(upload.id, n, length));
  auto written = TRY(
      receive_body(context, call, length, algorithm, {place->fd(), place->at(), place->path()}));
  wire::Response response;
  response.headers.add("ETag", etag_header(written.md5));
  if (algorithm) response.headers.add(std::string(wire::header_name(*algorithm)), written.checksum);
  if (!stored.ChecksumAlgorithm) written.checksum.clear();
  return store_part(context, call, n, place, written, [response](Time) { return response; });
}

}  // namespace trainyard::api
