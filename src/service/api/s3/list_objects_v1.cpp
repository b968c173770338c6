// GET /BUCKET?prefix=a/&marker=a/1  ->  200
//                                       <ListBucketResult>...<Contents><Key>a/2</Key>...</Contents>
//                                       <IsTruncated>false</IsTruncated></ListBucketResult>

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/listing.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/xml_answer.hpp"

namespace trainyard::api {

S3Answer answer_list_v1(const S3Call& call, const FindPage& find_page) {
  Listing listing = TRY(parse_listing(call));
  auto& query = listing.query;
  const auto marker = call.query.get("marker");
  query.from = store::after_key(marker, query.prefix, query.delimiter);
  const auto page = TRY(find_page(query));
  wire::XmlWriter xml;
  xml.open("ListBucketResult", s3_namespace).element("Name", call.bucket);
  xml.element("Prefix", listing.written(query.prefix)).element("Marker", listing.written(marker));
  xml.element("MaxKeys", listing.max_keys);
  if (!query.delimiter.empty()) xml.element("Delimiter", listing.written(query.delimiter));
  if (listing.is_url_encoded) xml.element("EncodingType", "url");
  xml.element("IsTruncated", !page.next.empty());
  if (!page.next.empty()) xml.element("NextMarker", listing.written(page.last));
  write_entries(xml, listing, page);
  return xml_answer(std::move(xml));
}

S3Answer list_objects_v1(S3Context& context, const S3Call& call, store::Snapshot& s) {
  TRY(require_bucket(context, s, call.bucket));
  return answer_list_v1(call, [&](const auto& query) { return store::list_objects(s, query); });
}

}  // namespace trainyard::api
