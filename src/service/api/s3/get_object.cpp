// GET /BUCKET/KEY   ->  206
// Range: bytes=1-3      ETag: "5d41402abc4b2a76b9719d911017c592"
//                       Content-Range: bytes 1-3/5
//
//                       ell

#include "os/fd.hpp"
#include "service/api/s3/buckets.hpp"
#include "service/api/s3/content.hpp"
#include "service/api/s3/object_answer.hpp"
#include "service/api/s3/operations.hpp"

namespace trainyard::api {

S3Answer get_object(S3Context& context, const S3Call& call, store::Snapshot& s) {
  const auto object = TRY(require_object(context, s, call.bucket, call.key));
  Stretch stretch;
  wire::Response out = TRY(object_answer(call, object, stretch));
  if (out.status >= 300) return out;
  auto file = std::make_shared<const os::Fd>(TRY(open_content(context, object)));
  const int fd = file->get();
  out.body = wire::FileBody{std::move(file), fd, stretch.offset, stretch.length};
  return out;
}

}  // namespace trainyard::api
