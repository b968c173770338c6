// HEAD /BUCKET  ->  200
//                   x-amz-bucket-region: us-east-1

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/operations.hpp"

namespace trainyard::api {

S3Answer head_bucket(S3Context& context, const S3Call& call, store::Snapshot& s) {
  const auto bucket = TRY(require_bucket(context, s, call.bucket));
  wire::Response out;
  out.headers.add("x-amz-bucket-region", bucket.region);
  out.headers.add("Content-Type", "application/xml");
  return out;
}

}  // namespace trainyard::api
