#include "service/api/s3/content.hpp"

#include <fmt/format.h>

namespace trainyard::api {

Result<os::Fd> open_content(S3Context& context, const store::ObjectRow& object) {
  const auto open = [&] {
    return context.blobs.open_blob(object.blob, std::uint64_t(object.size));
  };
  auto first = open();
  if (first || first.error().code != objects::blob_gone) return first;
  // A row goes before its content does: one that is the same after the content was missed has lost
  // it, unless it came back with it meanwhile.
  const auto now = TRY(context.readers.read(
      [&](store::Snapshot& s) { return store::find_object(s, object.bucket, object.key); }));
  if (!now || now->blob != object.blob || now->modified != object.modified) return first;
  auto second = open();
  if (second || second.error().code != objects::blob_gone) return second;
  return fail_internal(fmt::format(
      "The content of s3://{}/{} is gone from the service's disk ({}). Put the object again, or "
      "restore the file from a backup.",
      object.bucket, object.key, objects::Blobs::relative_path(object.blob)));
}

}  // namespace trainyard::api
