// PUT /BUCKET/KEY?partNumber=2&uploadId=...  ->  200
// x-amz-copy-source: /FROM/KEY                   <CopyPartResult><LastModified>..<ETag>..
// x-amz-copy-source-range: bytes=0-8388607       </CopyPartResult>

#include "os/fd.hpp"
#include "service/api/s3/conditions.hpp"
#include "service/api/s3/content.hpp"
#include "service/api/s3/copy_source.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/object_answer.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/receive_body.hpp"
#include "service/api/s3/store_part.hpp"
#include "service/api/s3/stored_headers.hpp"
#include "service/api/s3/upload_answer.hpp"
#include "service/api/s3/xml_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <unistd.h>

namespace trainyard::api {
namespace {

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.begin(), text.end(), value);
  if (end == text.begin()) return std::nullopt;
  text.remove_prefix(std::size_t(end - text.begin()));
  return ec == std::errc::result_out_of_range ? UINT64_MAX : value;
}

// "bytes=FIRST-LAST", both within the source. Other than a Range, it is never passed over or cut.
Result<Stretch> parse_copy_range(std::optional<std::string_view> range, std::uint64_t size) {
  if (!range) return Stretch{0, size};
  constexpr std::string_view unit = "bytes=";
  std::string_view text = *range;
  const auto refuse = [] {
    return bad_request(
        "InvalidArgument",
        "The x-amz-copy-source-range value must be of the form bytes=first-last "
        "where first and last are the zero-based offsets of the first and last bytes "
        "to copy");
  };
  if (!text.starts_with(unit)) return refuse();
  text.remove_prefix(unit.size());
  const auto first = take_number(text);
  if (!first || !text.starts_with('-')) return refuse();
  text.remove_prefix(1);
  const auto last = take_number(text);
  if (!last || !text.empty() || *last < *first) return refuse();
  if (*last >= size)
    return bad_request(
        "InvalidArgument",
        fmt::format("Range specified is not valid for source object of size: {}", size));
  return Stretch{*first, *last - *first + 1};
}

struct Source {
  os::Fd content;
  Stretch stretch;
  std::string upload_headers;
};

Result<Source> open_source(S3Context& context, const S3Call& call, const CopySource& from,
                           store::Snapshot& s) {
  const auto upload = TRY(require_upload(s, call));
  const auto row = TRY(require_copy_source(context, s, call, from));
  const auto size = std::uint64_t(row.size);
  Source out;
  out.stretch = TRY(parse_copy_range(call.head().headers.find("x-amz-copy-source-range"), size));
  if (out.stretch.length > put_bytes_max)
    return bad_request("InvalidRequest", "The specified copy source is larger than the maximum "
                                         "allowable size for a copy source: 5 GiB");
  out.content = TRY(open_content(context, row));
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
  const Source source = TRY(read_contents(
      context, [&](store::Snapshot& s) { return open_source(context, call, from, s); }));
  const StoredHeaders stored = TRY(parse_stored_headers(source.upload_headers));
  std::optional<wire::ChecksumAlgorithm> algorithm;
  if (stored.ChecksumAlgorithm) algorithm = wire::checksum_algorithm(*stored.ChecksumAlgorithm);
  const std::string upload(call.query.get("uploadId"));
  const auto place = TRY(context.uploads.place(upload, n, source.stretch.length));
  objects::BodyWriter writer(place->fd(), place->at(), place->path(), source.stretch.length,
                             algorithm, context.blobs.md5_hasher());
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
