// GET /BUCKET?list-type=2&prefix=a/&max-keys=1  ->  200
//     <ListBucketResult><KeyCount>1</KeyCount><IsTruncated>true</IsTruncated>
//     <NextContinuationToken>YS8y</NextContinuationToken>...</ListBucketResult>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "service/api/s3/buckets.hpp"
#include "service/api/s3/errors.hpp"
#include "service/api/s3/listing.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/xml_answer.hpp"

namespace trainyard::api {
namespace {

// A token is the base64 of the key to go on from.
Result<std::string> begin_of(const S3Call& call) {
  const auto token = call.query.find("continuation-token");
  if (!token) return store::after_key(call.query.get("start-after"), "", "");
  const auto raw = unbase64(*token);
  if (!raw || raw->empty())
    return bad_request("InvalidArgument", "The continuation token provided is incorrect");
  return std::string(as_text(*raw));
}

}  // namespace

S3Answer answer_list_v2(const S3Call& call, const FindPage& find_page) {
  if (call.query.get("list-type") != "2")
    return bad_request("InvalidArgument", "Invalid List Type specified in Request");
  Listing listing = TRY(parse_listing(call));
  auto& query = listing.query;
  query.from = TRY(begin_of(call));
  const auto page = TRY(find_page(query));
  wire::XmlWriter xml;
  xml.open("ListBucketResult", s3_namespace).element("Name", call.bucket);
  xml.element("Prefix", listing.written(query.prefix));
  xml.element("KeyCount", std::int64_t(page.objects.size() + page.prefixes.size()));
  xml.element("MaxKeys", listing.max_keys);
  if (!query.delimiter.empty()) xml.element("Delimiter", listing.written(query.delimiter));
  if (listing.is_url_encoded) xml.element("EncodingType", "url");
  if (const auto after = call.query.find("start-after"))
    xml.element("StartAfter", listing.written(*after));
  if (const auto token = call.query.find("continuation-token"))
    xml.element("ContinuationToken", *token);
  xml.element("IsTruncated", !page.next.empty());
  if (!page.next.empty()) xml.element("NextContinuationToken", base64(as_bytes(page.next)));
  write_entries(xml, listing, page);
  return xml_answer(std::move(xml));
}

S3Answer list_objects_v2(S3Context& context, const S3Call& call, store::Snapshot& s) {
  TRY(require_bucket(context, s, call.bucket));
  return answer_list_v2(call, [&](const auto& query) { return store::list_objects(s, query); });
}

}  // namespace trainyard::api
