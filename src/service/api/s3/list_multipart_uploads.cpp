// GET /BUCKET?uploads&prefix=a/&delimiter=/  ->  200
//     <ListMultipartUploadsResult>...<Upload><Key>a/1</Key><UploadId>...</UploadId></Upload>...
//     <CommonPrefixes><Prefix>a/b/</Prefix></CommonPrefixes></ListMultipartUploadsResult>

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/listing.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/upload_answer.hpp"
#include "service/api/s3/xml_answer.hpp"

#include <algorithm>

namespace trainyard::api {
namespace {

constexpr std::int64_t page_max = 1000;

struct Page {
  std::vector<store::UploadRow> uploads;
  std::vector<std::string> prefixes;
  std::string key, id;  // of the last that is on it
  bool is_truncated = false;
};

// Keys that go on behind the delimiter count once, by what is before it.
Result<Page> read_page(store::Snapshot& s, const Listing& listing, std::string_view key,
                       std::string_view id, std::int64_t most) {
  const auto& [bucket, prefix, delimiter, from, limit] = listing.query;
  Page page;
  TRY(store::each_upload(
      s, bucket, prefix, key, id, [&](const store::UploadRow& row) -> Result<bool> {
        const auto cut =
            delimiter.empty() ? std::string::npos : row.key.find(delimiter, prefix.size());
        const std::string common =
            cut == std::string::npos ? "" : row.key.substr(0, cut + delimiter.size());
        const bool is_known =
            !common.empty() && !page.prefixes.empty() && page.prefixes.back() == common;
        page.is_truncated =
            !is_known && std::int64_t(page.uploads.size() + page.prefixes.size()) >= most;
        if (page.is_truncated) return false;
        if (common.empty())
          page.uploads.push_back(row);
        else if (!is_known)
          page.prefixes.push_back(common);
        page.key = row.key;
        page.id = row.id;
        return true;
      }));
  return page;
}

}  // namespace

S3Answer list_multipart_uploads(S3Context& context, const S3Call& call, store::Snapshot& s) {
  TRY(require_bucket(context, s, call.bucket));
  const Listing listing = TRY(parse_listing(call));
  const auto key = call.query.get("key-marker"), id = call.query.get("upload-id-marker");
  const std::int64_t most =
      std::min(page_max, TRY(number_parameter(call, "max-uploads", page_max)));
  // Behind a key alone means behind all of its uploads.
  const Page page = TRY(read_page(s, listing, key, id.empty() ? "\x7f" : id, most));
  wire::XmlWriter xml;
  xml.open("ListMultipartUploadsResult", s3_namespace).element("Bucket", call.bucket);
  xml.element("KeyMarker", listing.written(key)).element("UploadIdMarker", id);
  if (page.is_truncated)
    xml.element("NextKeyMarker", listing.written(page.key)).element("NextUploadIdMarker", page.id);
  xml.element("Prefix", listing.written(listing.query.prefix));
  if (!listing.query.delimiter.empty())
    xml.element("Delimiter", listing.written(listing.query.delimiter));
  if (listing.is_url_encoded) xml.element("EncodingType", "url");
  xml.element("MaxUploads", most).element("IsTruncated", page.is_truncated);
  for (const auto& upload : page.uploads) {
    xml.open("Upload").element("Key", listing.written(upload.key)).element("UploadId", upload.id);
    for (const char* role : {"Initiator", "Owner"})
      xml.open(role).element("ID", context.account).element("DisplayName", "trainyard").close();
    xml.element("StorageClass", "STANDARD").element("Initiated", iso8601(upload.created)).close();
  }
  for (const auto& prefix : page.prefixes)
    xml.open("CommonPrefixes").element("Prefix", listing.written(prefix)).close();
  return xml_answer(std::move(xml));
}

}  // namespace trainyard::api
