// DELETE /BUCKET/KEY?uploadId=...  ->  204

#include "service/api/s3/operations.hpp"
#include "service/api/s3/upload_answer.hpp"

namespace trainyard::api {

Result<Change> abort_multipart_upload(S3Context& context, const S3Call& call) {
  const auto files = std::make_shared<std::vector<std::string>>();
  const std::string id(call.query.get("uploadId"));
  Change change;
  change.write = [call, files, id](store::Txn& txn) -> Result<Changed> {
    TRY(require_upload(txn, call));
    for (const auto& part : TRY(store::parts_of(txn, id)))
      files->push_back(part.file);
    TRY(store::delete_upload(txn, id));
    Changed out;
    out.response.status = 204;
    return out;
  };
  change.finished = [&context, files, id](const Result<>& done) {
    if (done) context.uploads.remove(id, *files);
  };
  return change;
}

}  // namespace trainyard::api
