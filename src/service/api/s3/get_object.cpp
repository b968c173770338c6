// GET /BUCKET/KEY   ->  206
// Range: bytes=1-3      ETag: "5d41402abc4b2a76b9719d911017c592"
//                       Content-Range: bytes 1-3/5
//
//                       ell

#include "os/fd.hpp"
#include "service/api/s3/buckets.hpp"
#include "service/api/s3/object_answer.hpp"
#include "service/api/s3/operations.hpp"

namespace trainyard::api {

S3Answer get_object(S3Context& context, const S3Call& call, store::Snapshot& s) {
  const auto object = TRY(require_object(s, call.bucket, call.key));
  Stretch stretch;
  wire::Response out = TRY(object_answer(call, object, stretch));
  auto file = std::make_shared<const os::Fd>(
      TRY(context.blobs.open_blob(object.blob, std::uint64_t(object.size))));
  const int fd = file->get();
  out.body = wire::FileBody{std::move(file), fd, stretch.offset, stretch.length};
  return out;
}

}  // namespace trainyard::api
