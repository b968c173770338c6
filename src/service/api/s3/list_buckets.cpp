// GET /  ->  200
//            <ListAllMyBucketsResult><Owner>...</Owner><Buckets><Bucket><Name>b</Name>
//            <CreationDate>2026-11-23T19:26:52.000Z</CreationDate></Bucket></Buckets>
//            </ListAllMyBucketsResult>

#include "base/role.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/xml_answer.hpp"
#include "service/store/objects.hpp"

namespace trainyard::api {

S3Answer list_buckets(S3Context& context, const S3Call& call, store::Snapshot& s) {
  const auto is_seen = [&](const std::string& bucket) {
    return role_denial(context.settings, call.caller.role, Access::look, bucket, "").empty();
  };
  wire::XmlWriter xml;
  xml.open("ListAllMyBucketsResult", s3_namespace);
  xml.open("Owner").element("ID", context.account).element("DisplayName", "trainyard").close();
  xml.open("Buckets");
  for (const auto& bucket : TRY(store::all_buckets(s))) {
    if (!is_seen(bucket.name)) continue;
    xml.open("Bucket")
        .element("Name", bucket.name)
        .element("CreationDate", iso8601(bucket.created))
        .element("BucketRegion", bucket.region)
        .close();
  }
  for (const auto& [name, bucket] : context.settings.buckets) {  // made by nobody, at no time
    if (!is_seen(name)) continue;
    xml.open("Bucket")
        .element("Name", name)
        .element("CreationDate", iso8601(Time{}))
        .element("BucketRegion", context.default_region)
        .close();
  }
  return xml_answer(std::move(xml));
}

}  // namespace trainyard::api
