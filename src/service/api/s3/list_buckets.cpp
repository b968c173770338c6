// GET /  ->  200
//            <ListAllMyBucketsResult><Owner>...</Owner><Buckets><Bucket><Name>b</Name>
//            <CreationDate>2026-11-23T19:26:52.000Z</CreationDate></Bucket></Buckets>
//            </ListAllMyBucketsResult>

#include "service/api/s3/operations.hpp"
#include "service/api/s3/xml_answer.hpp"
#include "service/store/objects.hpp"

namespace trainyard::api {

S3Answer list_buckets(S3Context& context, const S3Call&, store::Snapshot& s) {
  wire::XmlWriter xml;
  xml.open("ListAllMyBucketsResult", s3_namespace);
  xml.open("Owner").element("ID", context.account).element("DisplayName", "trainyard").close();
  xml.open("Buckets");
  for (const auto& bucket : TRY(store::all_buckets(s)))
    xml.open("Bucket")
        .element("Name", bucket.name)
        .element("CreationDate", iso8601(bucket.created))
        .element("BucketRegion", bucket.region)
        .close();
  for (const auto& [name, bucket] : context.settings.buckets)  // made by nobody, at no time
    xml.open("Bucket")
        .element("Name", name)
        .element("CreationDate", iso8601(Time{}))
        .element("BucketRegion", context.default_region)
        .close();
  return xml_answer(std::move(xml));
}

}  // namespace trainyard::api
