// PUT /BUCKET/KEY?partNumber=2&uploadId=...  ->  200
// x-amz-copy-source: /FROM/KEY                   <CopyPartResult><LastModified>..<ETag>..
// x-amz-copy-source-range: bytes=0-8388607       </CopyPartResult>

#include "os/fd.hpp"
#include "service/api/s3/conditions.hpp"
#include "service/api/s3/copy_source.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/object_answer.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/receive_body.hpp"
#include "service/api/s3/store_part.hpp"
#include "service/api/s3/stored_headers.hpp"
#include "service/api/s3/upload_answer.hpp"
#include "service/api/s3/xml_answer.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace trainyard::api {
namespace {

struct Source {
  os::Fd content;
  Stretch stretch;
  std::string upload_headers;
};

Result<Source> open_source(S3Context& context, const S3Call& call, const CopySource& from,
                           store::Snapshot& s) {
  const auto upload = TRY(require_upload(s, call));
  const auto row = TRY(require_copy_source(s, call, from));
  const auto size = std::uint64_t(row.size);
  const auto range = TRY(parse_range(call.header("x-amz-copy-source-range"), size));
  Source out;
  out.stretch = range.value_or(Stretch{0, size});
  if (out.stretch.length > put_bytes_max)
    return bad_request("InvalidRequest", "The specified copy source is larger than the maximum "
                                         "allowable size for a copy source: 5 GiB");
  out.content = TRY(context.blobs.open_blob(row.blob, size));
  out.upload_headers = upload.headers;
  return out;
}

Result<> copy(const Source& source, objects::BodyWriter& writer) {
  std::uint64_t done = 0;
  while (done < source.stretch.length) {
    const auto space = writer.space();
    const std::size_t want = std::min<std::uint64_t>(space.size(), source.stretch.length - done);
    const ssize_t n =
        ::pread(source.content.get(), space.data(), want, off_t(source.stretch.offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail_errno("read the source of a copy");
    TRY(writer.write(std::size_t(n)));
    done += std::uint64_t(n);
  }
  return {};
}

}  // namespace

Result<Change> upload_part_copy(S3Context& context, const S3Call& call) {
  const std::int64_t n = TRY(part_number(call));
  const CopySource from = TRY(parse_copy_source(call));
  const Source source = TRY(context.readers.read(
      [&](store::Snapshot& s) { return open_source(context, call, from, s); }));
  const StoredHeaders stored = TRY(parse_stored_headers(source.upload_headers));
  std::optional<wire::ChecksumAlgorithm> algorithm;
  if (stored.ChecksumAlgorithm) algorithm = wire::checksum_algorithm(*stored.ChecksumAlgorithm);
  const std::string upload(call.query.get("uploadId"));
  const auto place = TRY(context.uploads.place(upload, n, source.stretch.length));
  objects::BodyWriter writer(place->fd(), place->at(), place->path(), source.stretch.length,
                             algorithm, context.blobs.hashers());
  TRY(copy(source, writer));
  const objects::Written written = writer.finish();
  return store_part(context, call, n, place, written, [etag = written.md5](Time now) {
    wire::XmlWriter xml;
    xml.open("CopyPartResult", s3_namespace)
        .element("LastModified", iso8601(now))
        .element("ETag", etag_header(etag));
    return xml_answer(std::move(xml));
  });
}

}  // namespace trainyard::api
