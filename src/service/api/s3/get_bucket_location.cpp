// GET /BUCKET?location  ->  200
//                           <LocationConstraint>eu-west-1</LocationConstraint>, empty for us-east-1

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/elsewhere.hpp"
#include "service/api/s3/operations.hpp"
#include "service/api/s3/xml_answer.hpp"

namespace trainyard::api {

wire::Response location_answer(const std::string& region) {
  wire::XmlWriter xml;
  xml.open("LocationConstraint", s3_namespace);
  if (region != "us-east-1") xml.text(region);
  return xml_answer(std::move(xml));
}

S3Answer get_bucket_location(S3Context& context, const S3Call& call, store::Snapshot& s) {
  return location_answer(TRY(require_bucket(context, s, call.bucket)).region);
}

}  // namespace trainyard::api
