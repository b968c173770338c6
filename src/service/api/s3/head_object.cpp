// HEAD /BUCKET/KEY  ->  200
//                       ETag: "5d41402abc4b2a76b9719d911017c592"
//                       Content-Length: 5
//                       Last-Modified: Mon, 23 Nov 2026 19:26:52 GMT

#include "service/api/s3/buckets.hpp"
#include "service/api/s3/object_answer.hpp"
#include "service/api/s3/operations.hpp"

namespace trainyard::api {

S3Answer head_object(S3Context& context, const S3Call& call, store::Snapshot& s) {
  const auto object = TRY(require_object(context, s, call.bucket, call.key));
  Stretch stretch;
  wire::Response out = TRY(object_answer(call, object, stretch));
  if (out.status < 300) out.content_length = stretch.length;
  return out;
}

}  // namespace trainyard::api
