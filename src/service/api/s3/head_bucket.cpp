// HEAD /BUCKET  ->  200
//                   x-amz-bucket-region: us-east-1

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/elsewhere.hpp"
#include "service/api/s3/operations.hpp"

namespace trainyard::api {

wire::Response region_answer(const std::string& region) {
  wire::Response out;
  out.headers.add("x-amz-bucket-region", region);
  out.headers.add("Content-Type", "application/xml");
  return out;
}

S3Answer head_bucket(S3Context& context, const S3Call& call, store::Snapshot& s) {
  return region_answer(TRY(require_bucket(context, s, call.bucket)).region);
}

}  // namespace trainyard::api
