#include "service/api/s3/store_part.hpp"

#include "service/api/s3/upload_answer.hpp"

namespace trainyard::api {

Result<Change> store_part(S3Context& context, const S3Call& call, std::int64_t n,
                          std::shared_ptr<objects::Uploads::Place> place, objects::Written written,
                          std::function<wire::Response(Time)> answer) {
  TRY(context.blobs.files().sync(place->fd(), place->path()));
  const auto before = std::make_shared<std::optional<store::PartRow>>();
  Change change;
  change.write = [=](store::Txn& txn) -> Result<Changed> {
    const auto upload = require_upload(txn, call);
    if (!upload) {
      place->upload_gone();
      return Failure(upload.error());
    }
    const store::PartRow row{
        n,           place->file(),  std::int64_t(place->at()), std::int64_t(written.size),
        written.md5, written.sha256, written.checksum,          txn.now()};
    *before = TRY(store::put_part(txn, upload->id, row));
    return Changed{answer(txn.now()), {}};
  };
  change.finished = [place, before](const Result<>& done) {
    if (done) place->committed(*before);
  };
  return change;
}

}  // namespace trainyard::api
