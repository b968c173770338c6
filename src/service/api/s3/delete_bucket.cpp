// DELETE /BUCKET  ->  204; its unfinished uploads go with it

#include "service/api/s3/errors.hpp"
#include "service/api/s3/operations.hpp"
#include "service/store/objects.hpp"
#include "service/store/uploads.hpp"

#include <map>

namespace trainyard::api {
namespace {

using UploadFiles = std::map<std::string, std::vector<std::string>>;

Result<UploadFiles> delete_uploads(store::Txn& txn, const std::string& bucket) {
  UploadFiles out;
  for (const auto& id : TRY(store::uploads_into(txn, bucket))) {
    auto& files = out[id];
    for (const auto& part : TRY(store::parts_of(txn, id)))
      files.push_back(part.file);
    TRY(store::delete_upload(txn, id));
  }
  return out;
}

}  // namespace

Result<Change> delete_bucket(S3Context& context, const S3Call& call) {
  const auto gone = std::make_shared<UploadFiles>();
  Change change;
  change.write = [call, gone](store::Txn& txn) -> Result<Changed> {
    if (!TRY(store::find_bucket(txn, call.bucket))) return no_such_bucket();
    if (!TRY(store::is_bucket_empty(txn, call.bucket)))
      return fail(ErrorKind::conflict, "BucketNotEmpty",
                  "The bucket you tried to delete is not empty");
    *gone = TRY(delete_uploads(txn, call.bucket));
    TRY(store::delete_bucket(txn, call.bucket));
    Changed out;
    out.response.status = 204;
    return out;
  };
  change.finished = [&context, gone](const Result<>& done) {
    if (!done) return;
    for (const auto& [id, files] : *gone)
      context.uploads.remove(id, files);
  };
  return change;
}

}  // namespace trainyard::api
